import type { User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { operationError } from '../operations/dispatch.ts';
import type { TokenClaims, Tokens } from '../operations/tokens.ts';
import type { Users } from '../store/users.ts';

/** Who presents this token. @throws OperationError `unauthorized`; `unavailable` while the database is away. */
export type Authenticate = (token: string | undefined) => Promise<TokenClaims & { user: User }>;

export function createAuthenticate(tokens: Tokens, users: Users, log: Logger): Authenticate {
  return async token => {
    if (token === undefined) throw new OperationError('unauthorized', 'no token was presented');
    const claims = await tokens.verify(token);
    const user = await users.byLogin(claims.login).catch(error => {
      throw operationError(error, 'authenticate', log);
    });
    if (user === undefined || user.id !== claims.userId)
      throw new OperationError('unauthorized', 'the login is gone');
    return { ...claims, user };
  };
}

/** The token of an `Authorization: Bearer` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
}
