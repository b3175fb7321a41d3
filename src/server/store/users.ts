/** People. */
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { User } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import { type Database, isUniqueViolation } from './database.ts';
import { userOf } from './rows.ts';

export const userColumns = ['users.id', 'users.username', 'users.display_name', 'users.created_at'] as const;

export type Credentials = { user: User; passwordHash: string; welcomed: boolean };

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
        .returning(userColumns)
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

  async credentials(username: string): Promise<Credentials | undefined> {
    const row = await this.#byName(username).select(['password_hash', 'welcomed']).executeTakeFirst();
    return row && { user: userOf(row), passwordHash: row.password_hash, welcomed: row.welcomed };
  }

  /** Another hash of the same password. */
  async rehash(user: string, passwordHash: string): Promise<void> {
    await this.#db.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', user).execute();
  }

  /** The user has been made a member of the default rooms. */
  async welcomed(user: string): Promise<void> {
    await this.#db.updateTable('users').set({ welcomed: true }).where('id', '=', user).execute();
  }

  /** People whose username or display name begins so, in any case; who has exactly this username is first. */
  async find(query: string, limit: number): Promise<User[]> {
    const name = query.normalize('NFKC').toLowerCase();
    const beginning = `${name.replaceAll(/[\\%_]/g, '\\$&')}%`;
    const rows = await this.#db
      .selectFrom('users')
      .select(userColumns)
      .where(eb =>
        eb.or([eb('username', 'like', beginning), eb(sql`lower(display_name)`, 'like', beginning)]),
      )
      .orderBy(sql`username = ${name}`, 'desc')
      .orderBy(sql`username collate "C"`)
      .limit(limit)
      .execute();
    return rows.map(userOf);
  }

  async byName(username: string): Promise<User | undefined> {
    const row = await this.#byName(username).executeTakeFirst();
    return row && userOf(row);
  }

  async byId(id: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom('users')
      .select(userColumns)
      .where('id', '=', id)
      .executeTakeFirst();
    return row && userOf(row);
  }

  #byName(username: string) {
    return this.#db.selectFrom('users').select(userColumns).where('username', '=', username);
  }
}
