/** People. */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { User } from '../../contract/objects.ts';
import { searchKey } from '../../contract/search-key.ts';
import { OperationError } from '../errors.ts';
import { type Database, isUniqueViolation } from './database.ts';
import { endLogins } from './ended-logins.ts';
import { userOf } from './rows.ts';

export const userColumns = ['users.id', 'users.username', 'users.display_name', 'users.created_at'] as const;

/** The `passwordGeneration` of a new user. */
export const firstPassword = 1;

export type Credentials = {
  user: User;
  passwordHash: string;
  /** Which of the user's passwords it is, counted from 1. */
  passwordGeneration: number;
  welcomed: boolean;
  disabled: boolean;
};

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
        .values({
          id: uuidv7(),
          username,
          display_name: displayName,
          display_key: searchKey(displayName),
          password_hash: passwordHash,
        })
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
    const row = await this.#byName(username)
      .select(['password_hash', 'password_generation', 'welcomed', 'disabled_at'])
      .executeTakeFirst();
    return (
      row && {
        user: userOf(row),
        passwordHash: row.password_hash,
        passwordGeneration: row.password_generation,
        welcomed: row.welcomed,
        disabled: row.disabled_at !== null,
      }
    );
  }

  /** Another hash of the same password, unless the user has another password by now. */
  async rehash({ user, passwordGeneration }: Credentials, passwordHash: string): Promise<void> {
    await this.#db
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('id', '=', user.id)
      .where('password_generation', '=', passwordGeneration)
      .execute();
  }

  /**
   * Another password, and the end of every login but one.
   * @returns the logins that ended; undefined when the password isn't the known one any more.
   */
  async changePassword(
    { user, passwordGeneration }: Credentials,
    passwordHash: string,
    keptLogin?: string,
  ): Promise<string[] | undefined> {
    return this.#db.transaction().execute(async tx => {
      const changed = await tx
        .updateTable('users')
        .set({ password_hash: passwordHash, password_generation: passwordGeneration + 1 })
        .where('id', '=', user.id)
        .where('password_generation', '=', passwordGeneration)
        .returning('id')
        .executeTakeFirst();
      return changed && endLogins(tx, user.id, eb => eb('id', 'is distinct from', keptLogin ?? null));
    });
  }

  /** The user has been made a member of the default rooms. */
  async welcomed(user: string): Promise<void> {
    await this.#db.updateTable('users').set({ welcomed: true }).where('id', '=', user).execute();
  }

  /** People whose username or display name begins so, see {@link searchKey}; who has exactly this username is first. */
  async find(query: string, limit: number): Promise<User[]> {
    const rows = await this.#db
      .selectFrom('users')
      .select(userColumns)
      .where(beginningLike(query))
      .orderBy(sql`username = ${searchKey(query)}`, 'desc')
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

/** Whose username or display name begins so, in any case, with or without accents. */
export function beginningLike(query: string): RawBuilder<SqlBool> {
  const key = searchKey(query);
  // Nothing but accents is nobody's name, not everybody's.
  if (key === '') return sql`false`;
  const beginning = `${key.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return sql`(username like ${beginning} or display_key like ${beginning})`;
}
