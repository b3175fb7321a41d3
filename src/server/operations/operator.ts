/**
 * What whoever has the machine does with accounts and rooms, from another process than the server: by the rules of the
 * operations, without a hub. A server that runs notices ended logins by its watch, and new rooms at the next sync.
 */
import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';
import { limits } from '../../contract/limits.ts';
import { type Account, type RoomInfo, type User, Username } from '../../contract/objects.ts';
import { type Input, operations } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Administration } from '../store/administration.ts';
import type { Logins } from '../store/logins.ts';
import type { Page } from '../store/page.ts';
import type { Rooms } from '../store/rooms.ts';
import type { Credentials, Users } from '../store/users.ts';
import { badRequest } from './dispatch.ts';
import type { Passwords } from './passwords.ts';

type Parts = {
  users: Users;
  logins: Logins;
  administration: Administration;
  rooms: Rooms;
  passwords: Passwords;
};

/** All of its methods throw an OperationError, whose message is for people. */
export class Operator {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Accounts by username, all or those whose name begins so. */
  accounts(query: string | undefined): AsyncGenerator<Account> {
    const { administration } = this.#parts;
    return pageByPage(after => administration.list(query, after, limits.maxListPage));
  }

  /** A new account, that is in the default rooms from its first signing in on. */
  async createUser(input: Input<'account.register'>): Promise<User> {
    const { users, passwords } = this.#parts;
    const {
      username,
      password,
      displayName = username,
    } = parsed(operations['account.register'].input, input);
    return users.create(username, displayName, await passwords.hash(password));
  }

  /** Another password, whatever it was, and the end of all the user's logins. */
  async changePassword(username: string, newPassword: string): Promise<void> {
    const { users, passwords } = this.#parts;
    const input = { password: '', newPassword };
    parsed(operations['account.password'].input, input);
    const known = await this.#credentials(username);
    if ((await users.changePassword(known, await passwords.hash(newPassword))) === undefined) {
      throw new OperationError('unavailable', 'the password was changed at the same moment: try again');
    }
  }

  async disable(username: string): Promise<void> {
    await this.#parts.administration.disable(await this.#idOf(username), undefined);
  }

  async enable(username: string): Promise<void> {
    await this.#parts.administration.enable(await this.#idOf(username), undefined);
  }

  async promote(username: string): Promise<void> {
    await this.#parts.administration.promote(await this.#idOf(username), undefined);
  }

  async demote(username: string): Promise<void> {
    await this.#parts.administration.demote(await this.#idOf(username), undefined);
  }

  hasAdministrator(): Promise<boolean> {
    return this.#parts.administration.hasAdministrator();
  }

  /** Ends all logins of a user. @returns how many there were. */
  async logout(username: string): Promise<number> {
    return (await this.#parts.logins.endAll(await this.#idOf(username))).length;
  }

  /** Public and private rooms, in the order of their ids: about the order in which they were made. */
  rooms(): AsyncGenerator<RoomInfo> {
    const { rooms } = this.#parts;
    return pageByPage(after => rooms.all(after, limits.maxListPage));
  }

  /** A new room; only a public one may be without an owner. @returns its id. */
  async createRoom(input: Input<'room.create'>, owner: string | undefined): Promise<string> {
    const { rooms } = this.#parts;
    const { name, kind, topic } = parsed(operations['room.create'].input, input);
    if (kind === 'private' && owner === undefined) {
      throw new OperationError('bad_request', 'a private room needs an owner, who can invite others');
    }
    const user = owner === undefined ? undefined : (await this.#credentials(owner)).user;
    const id = uuidv7();
    await rooms.create(user, { id, kind, name, topic });
    return id;
  }

  async #idOf(username: string): Promise<string> {
    return (await this.#credentials(username)).user.id;
  }

  async #credentials(username: string): Promise<Credentials> {
    const known = await this.#parts.users.credentials(parsed(Username, username));
    if (known === undefined) throw new OperationError('not_found', `there is no user ${username}`);
    return known;
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(input);
  if (success) return data;
  throw badRequest(error);
}

async function* pageByPage<Item>(
  read: (after: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let after: string | undefined;
  do {
    const page = await read(after);
    yield* page.items;
    after = page.cursor;
  } while (after !== undefined);
}
