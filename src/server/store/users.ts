/** People and their logins. */
import { v7 as uuidv7 } from 'uuid';
import type { User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import { type Database, isUniqueViolation } from './database.ts';
import { userOf } from './rows.ts';

const columns = ['users.id', 'users.username', 'users.display_name', 'users.created_at'] as const;

export class Users {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws OperationError `username_taken` */
  async create(username: string, displayName: string, passwordHash: string): Promise<User> {
    try {
      const row = await this.#db
        .insertInto('users')
        .values({ id: uuidv7(), username, display_name: displayName, password_hash: passwordHash })
        .returning(columns)
        .executeTakeFirstOrThrow();
      return userOf(row);
    } catch (error) {
      if (isUniqueViolation(error, 'users_username_key')) throw new OperationError('username_taken');
      throw error;
    }
  }

  async exists(username: string): Promise<boolean> {
    return (await this.#byName(username).executeTakeFirst()) !== undefined;
  }

  async credentials(username: string): Promise<{ user: User; passwordHash: string } | undefined> {
    const row = await this.#byName(username).select('password_hash').executeTakeFirst();
    return row && { user: userOf(row), passwordHash: row.password_hash };
  }

  async byName(username: string): Promise<User | undefined> {
    const row = await this.#byName(username).executeTakeFirst();
    return row && userOf(row);
  }

  async byId(id: string): Promise<User | undefined> {
    const row = await this.#db.selectFrom('users').select(columns).where('id', '=', id).executeTakeFirst();
    return row && userOf(row);
  }

  /** Whose login this is. */
  async byLogin(login: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom('logins')
      .innerJoin('users', 'users.id', 'logins.user_id')
      .select(columns)
      .where('logins.id', '=', login)
      .executeTakeFirst();
    return row && userOf(row);
  }

  /** @param refreshHash SHA-256 of the refresh token, which itself is not kept. */
  async startLogin(user: string, refreshHash: Buffer): Promise<string> {
    const id = uuidv7();
    await this.#db.insertInto('logins').values({ id, user_id: user, refresh_hash: refreshHash }).execute();
    return id;
  }

  #byName(username: string) {
    return this.#db.selectFrom('users').select(columns).where('username', '=', username);
  }
}
