import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Logins } from '../store/logins.ts';
import type { Identity } from './caller.ts';
import { operationError } from './dispatch.ts';
import type { Tokens } from './tokens.ts';

/** @throws OperationError `unauthorized`; `unavailable` while the database is away. */
export type Authenticate = (token: string | undefined) => Promise<Identity>;

export function createAuthenticate(tokens: Tokens, logins: Logins, log: Logger): Authenticate {
  return async token => {
    if (token === undefined) throw new OperationError('unauthorized', 'no token was presented');
    const { userId, login, expiresAt } = await tokens.verify(token);
    const user = await logins.userOf(login).catch(error => {
      throw operationError(error, 'authenticate', log);
    });
    if (user?.id !== userId) throw new OperationError('unauthorized', 'the login has ended');
    return { user, login, expiresAt };
  };
}
