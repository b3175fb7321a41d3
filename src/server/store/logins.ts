/**
 * Logins: one sign-in of a user on a device, from the password to the signing out. It lives on by being refreshed, and
 * knows of its refresh tokens only how far they have got.
 */
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { limits } from '../../contract/limits.ts';
import type { User } from '../../contract/objects.ts';
import type { Database } from './database.ts';
import { userOf } from './rows.ts';
import { userColumns } from './users.ts';

export class Logins {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** @returns the new login, and those that ended because a user can't have so many. */
  async start(user: string): Promise<{ login: string; ended: string[] }> {
    const login = uuidv7();
    await this.#db.insertInto('logins').values({ id: login, user_id: user }).execute();
    const oldestIdle = new Date(Date.now() - limits.maxIdleLoginMs);
    const beyond = this.#db
      .selectFrom('logins')
      .select('id')
      .where('user_id', '=', user)
      .orderBy('refreshed_at', 'desc')
      .orderBy('id', 'desc')
      .offset(limits.maxLoginsPerUser);
    const ended = await this.#db
      .deleteFrom('logins')
      .where('user_id', '=', user)
      .where(eb => eb.or([eb('id', 'in', beyond), eb('refreshed_at', '<', oldestIdle)]))
      .returning('id')
      .execute();
    return { login, ended: ended.map(({ id }) => id) };
  }

  /** Whose login this is; undefined when it has ended. */
  async userOf(login: string): Promise<User | undefined> {
    const row = await this.#db
      .selectFrom('logins')
      .innerJoin('users', 'users.id', 'logins.user_id')
      .select(userColumns)
      .where('logins.id', '=', login)
      .executeTakeFirst();
    return row && userOf(row);
  }

  /**
   * A refresh token of this generation is used: from here on those before it are dead.
   * @returns false when it is dead itself, or the login has ended.
   */
  async refresh(login: string, generation: number): Promise<boolean> {
    const refreshed = await this.#db
      .updateTable('logins')
      .set({ generation, refreshed_at: sql`now()` })
      .where('id', '=', login)
      .where('generation', '<=', generation)
      .returning('id')
      .executeTakeFirst();
    return refreshed !== undefined;
  }

  async end(login: string): Promise<void> {
    await this.#db.deleteFrom('logins').where('id', '=', login).execute();
  }
}
