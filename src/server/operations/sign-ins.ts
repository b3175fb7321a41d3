import type { OperationName } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import type { Dispatch } from './dispatch.ts';

/** Operations by which somebody gets in, out, or more rights, by the word that counts them. */
const counted: Partial<Record<OperationName, string>> = {
  'account.register': 'register',
  'account.login': 'login',
  'account.refresh': 'refresh',
  'account.logout': 'logout',
  'account.password': 'password',
  'administrator.claim': 'claim',
  'token.renew': 'renew',
};

/** Counts how attempts to sign in, to stay signed in and to sign out end: an attack shows here. */
export function countSignIns(dispatch: Dispatch, { auth }: Pick<Metrics, 'auth'>): Dispatch {
  // Messages pass here as well: what isn't counted isn't wrapped either.
  return (name, input, caller) => {
    const operation = counted[name];
    const outcome = dispatch(name, input, caller);
    return operation === undefined ? outcome : count(operation, outcome);
  };

  async function count(operation: string, outcome: Promise<unknown>): Promise<unknown> {
    try {
      const output = await outcome;
      auth.inc({ operation, result: 'ok' });
      return output;
    } catch (error) {
      auth.inc({ operation, result: error instanceof OperationError ? error.code : 'internal' });
      throw error;
    }
  }
}
