/** Registering, signing in, and who one is. */
import { createHash, randomBytes } from 'node:crypto';
import type { Grant, User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Memberships } from '../store/memberships.ts';
import type { Users } from '../store/users.ts';
import type { Handlers } from './dispatch.ts';
import type { Passwords } from './passwords.ts';
import type { Tokens } from './tokens.ts';

type Parts = {
  users: Users;
  memberships: Memberships;
  passwords: Passwords;
  tokens: Tokens;
  /** Ids of the rooms that new users are members of. */
  defaultRooms: readonly string[];
};

const refreshTokenBytes = 32;

export function accountOperations(
  parts: Parts,
): Pick<Handlers, 'account.register' | 'account.login' | 'account.me'> {
  const { users, memberships, passwords, tokens, defaultRooms } = parts;

  async function grant(user: User): Promise<Grant> {
    const refreshToken = randomBytes(refreshTokenBytes).toString('base64url');
    const login = await users.startLogin(user.id, createHash('sha256').update(refreshToken).digest());
    return { user, ...(await tokens.issue(user.id, login)), refreshToken };
  }

  return {
    'account.register': async ({ username, password, displayName }) => {
      // Asked before the costly hash; the unique index decides.
      if (await users.exists(username)) throw new OperationError('username_taken');
      const user = await users.create(username, displayName ?? username, await passwords.hash(password));
      for (const room of defaultRooms) await memberships.admit(room, user.id);
      return grant(user);
    },

    'account.login': async ({ username, password }) => {
      const known = await users.credentials(username);
      const matches = await passwords.verify(password, known?.passwordHash);
      if (known === undefined || !matches) throw new OperationError('invalid_credentials');
      return grant(known.user);
    },

    'account.me': async (_input, { user }) => ({ user }),
  };
}
