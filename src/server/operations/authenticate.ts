import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import type { Logger } from '../log.ts';
import type { Logins } from '../store/logins.ts';
import type { Identity } from './caller.ts';
import { operationError } from './dispatch.ts';
import type { Tokens } from './tokens.ts';

/** @throws OperationError `unauthorized`; `unavailable` while the database is away. */
export type Authenticate = (token: string | undefined) => Promise<Identity>;

type Parts = { tokens: Tokens; logins: Logins; hub: Hub; log: Logger };

export function createAuthenticate({ tokens, logins, hub, log }: Parts): Authenticate {
  return async token => {
    if (token === undefined) throw new OperationError('unauthorized', 'no token was presented');
    const { userId, login, expiresAt } = await tokens.verify(token);
    const user = await logins.userOf(login).catch(error => {
      throw operationError(error, 'authenticate', log);
    });
    if (user?.id !== userId) {
      // Also when whoever ended it never learned that it had worked.
      if (user === undefined) hub.signOut(login);
      throw new OperationError('unauthorized', 'the login has ended');
    }
    return { user, login, expiresAt };
  };
}
