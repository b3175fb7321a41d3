/** Registering, signing in and out, and who one is. */
import type { Grant, User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import type { Logins } from '../store/logins.ts';
import type { Memberships } from '../store/memberships.ts';
import type { Users } from '../store/users.ts';
import type { Authenticate } from './authenticate.ts';
import type { Handlers } from './dispatch.ts';
import type { Passwords } from './passwords.ts';
import type { Throttle } from './throttle.ts';
import type { Tokens } from './tokens.ts';

type Parts = {
  hub: Hub;
  users: Users;
  logins: Logins;
  memberships: Memberships;
  passwords: Passwords;
  tokens: Tokens;
  authenticate: Authenticate;
  throttle: Throttle | undefined;
  /** Ids of the rooms that new users are members of. */
  defaultRooms: readonly string[];
};

type AccountOperation =
  | `account.${'register' | 'login' | 'refresh' | 'logout' | 'me'}`
  | 'token.renew'
  | 'user.find';

export function accountOperations(parts: Parts): Pick<Handlers, AccountOperation> {
  const { hub, users, logins, memberships, passwords, tokens, authenticate, throttle, defaultRooms } = parts;

  return {
    'account.register': async ({ username, password, displayName }) => {
      // Asked before the costly hash; the unique index decides.
      if (await users.exists(username)) throw new OperationError('username_taken');
      const user = await users.create(username, displayName ?? username, await passwords.hash(password));
      await welcome(user);
      return startLogin(user);
    },

    'account.login': async ({ username, password }, { address }) => {
      const known = await users.credentials(username);
      const matches = await passwords.verify(password, known?.passwordHash);
      if (known === undefined || !matches) throw new OperationError('invalid_credentials');
      throttle?.signedIn(username, address);
      const { user, passwordHash, welcomed } = known;
      if (passwords.isOutdated(passwordHash)) await users.rehash(user.id, await passwords.hash(password));
      if (!welcomed) await welcome(user);
      return startLogin(user);
    },

    'account.refresh': async ({ refreshToken }) => {
      const { login, generation } = await tokens.verifyRefresh(refreshToken);
      if (await logins.refresh(login, generation)) {
        const user = await logins.userOf(login);
        if (user !== undefined) return grant(user, login, generation + 1);
      }
      // Dead, because its successor has been used: two hold tokens of this login, and one of them is a thief.
      await logins.end(login);
      hub.signOut(login);
      throw new OperationError('unauthorized', 'the login has ended');
    },

    'account.logout': async (_input, { login, socket }) => {
      await logins.end(login);
      if (socket === undefined) hub.signOut(login);
      else socket.afterAnswer(() => hub.signOut(login));
      return {};
    },

    'account.me': async (_input, { user }) => ({ user }),

    'token.renew': async ({ token }, { user, socket }) => {
      if (socket === undefined) throw new OperationError('bad_request', 'token.renew needs a socket');
      const identity = await authenticate(token);
      if (identity.user.id !== user.id) throw new OperationError('forbidden', 'the token is of another user');
      socket.renew(identity);
      return { expiresAt: identity.expiresAt.toISOString() };
    },

    'user.find': async ({ query, limit }) => ({ users: await users.find(query, limit) }),
  };

  /** Into the default rooms. Repeated at the next login if it was cut short. */
  async function welcome(user: User): Promise<void> {
    for (const room of defaultRooms) await memberships.admit(room, user.id);
    await users.welcomed(user.id);
  }

  async function startLogin(user: User): Promise<Grant> {
    const { login, ended } = await logins.start(user.id);
    for (const old of ended) hub.signOut(old);
    return grant(user, login, 1);
  }

  async function grant(user: User, login: string, generation: number): Promise<Grant> {
    const refreshToken = await tokens.issueRefresh({ login, generation });
    return { user, ...(await tokens.issue(user.id, login)), refreshToken };
  }
}
