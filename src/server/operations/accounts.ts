/** Registering, signing in and out, and who one is. */
import type { Grant, User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import type { Administration } from '../store/administration.ts';
import type { Logins } from '../store/logins.ts';
import type { Memberships } from '../store/memberships.ts';
import { firstPassword, type Users } from '../store/users.ts';
import type { Authenticate } from './authenticate.ts';
import type { Handlers } from './dispatch.ts';
import type { Passwords } from './passwords.ts';
import { endSessions } from './sign-out.ts';
import type { Throttle } from './throttle.ts';
import type { Tokens } from './tokens.ts';

type Parts = {
  hub: Hub;
  users: Users;
  administration: Administration;
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
  | `account.${'register' | 'login' | 'refresh' | 'logout' | 'me' | 'password'}`
  | 'token.renew'
  | 'user.find';

export function accountOperations(parts: Parts): Pick<Handlers, AccountOperation> {
  const { hub, users, administration, logins, memberships, passwords } = parts;
  const { tokens, authenticate, throttle, defaultRooms } = parts;

  return {
    'account.register': async ({ username, password, displayName }) => {
      // Asked before the costly hash; the unique index decides.
      if (await users.exists(username)) throw new OperationError('username_taken');
      const user = await users.create(username, displayName ?? username, await passwords.hash(password));
      await welcome(user);
      return startLogin(user, firstPassword);
    },

    'account.login': async ({ username, password }, { address }) => {
      const known = await users.credentials(username);
      const matches = await passwords.verify(password, known?.passwordHash);
      if (known === undefined || !matches) throw new OperationError('invalid_credentials');
      // Told only to who has the password: to anyone else the account looks like every other.
      if (known.disabled) throw new OperationError('forbidden', 'this account is disabled');
      throttle?.signedIn(username, address);
      const { user, passwordHash, passwordGeneration, welcomed } = known;
      if (passwords.isOutdated(passwordHash)) await users.rehash(known, await passwords.hash(password));
      if (!welcomed) await welcome(user);
      return startLogin(user, passwordGeneration);
    },

    'account.refresh': async ({ refreshToken }) => {
      const { login, generation } = await tokens.verifyRefresh(refreshToken);
      const user = await logins.refresh(login, generation);
      if (user !== undefined) return grant(user, login, generation + 1);
      // Dead, because its successor has been used: two hold tokens of this login, and one of them is a thief.
      await logins.end(login);
      hub.signOut(login);
      throw new OperationError('unauthorized', 'the login has ended');
    },

    'account.logout': async ({ everywhere }, caller) => {
      if (everywhere) {
        const ended = await logins.endAll(caller.user.id);
        endSessions(hub, [...ended, caller.login], caller);
      } else {
        await logins.end(caller.login);
        endSessions(hub, [caller.login], caller);
      }
      return {};
    },

    'account.me': async (_input, { user }) => ({
      user,
      ...((await administration.isAdministrator(user.id)) && { administrator: true }),
    }),

    'account.password': async ({ password, newPassword }, caller) => {
      const known = await users.credentials(caller.user.username);
      const matches = await passwords.verify(password, known?.passwordHash);
      if (known === undefined || !matches) throw wrongPassword();
      const ended = await users.changePassword(known, await passwords.hash(newPassword), caller.login);
      if (ended === undefined) throw wrongPassword();
      endSessions(hub, ended, caller);
      return {};
    },

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

  async function startLogin(user: User, passwordGeneration: number): Promise<Grant> {
    const started = await logins.start(user.id, passwordGeneration);
    if (started === undefined) throw new OperationError('invalid_credentials');
    const { login, ended } = started;
    for (const old of ended) hub.signOut(old);
    return grant(user, login, 1);
  }

  async function grant(user: User, login: string, generation: number): Promise<Grant> {
    const refreshToken = await tokens.issueRefresh({ login, generation });
    return { user, ...(await tokens.issue(user.id, login)), refreshToken };
  }
}

function wrongPassword(): OperationError {
  return new OperationError('invalid_credentials', 'this is not the password until now');
}
