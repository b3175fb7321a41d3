/**
 * Logins: one sign-in of a user on a device, from the password to the signing out. It lives on by being refreshed, and
 * knows of its refresh tokens only how far they have got.
 */
import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { limits } from '../../contract/limits.ts';
import type { User } from '../../contract/objects.ts';
import type { Database } from './database.ts';
import { endLogins } from './ended-logins.ts';
import { userOf } from './rows.ts';
import { userColumns } from './users.ts';

export class Logins {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * @param passwordGeneration of the password that was verified.
   * @returns the new login, and those that ended because a user can't have so many; undefined when the user has been
   * disabled, or has got another password, since then.
   */
  async start(
    user: string,
    passwordGeneration: number,
  ): Promise<{ login: string; ended: string[] } | undefined> {
    const login = uuidv7();
    // Locked, so that who disables the user at this moment ends this login as well.
    const signingIn = this.#db
      .selectFrom('users')
      .select([sql<string>`${login}::uuid`.as('id'), 'users.id as user_id'])
      .where('users.id', '=', user)
      .where('disabled_at', 'is', null)
      .where('password_generation', '=', passwordGeneration)
      .forShare();
    const started = await this.#db
      .insertInto('logins')
      .columns(['id', 'user_id'])
      .expression(signingIn)
      .returning('id')
      .executeTakeFirst();
    if (started === undefined) return undefined;
    const beyond = this.#db
      .selectFrom('logins')
      .select('id')
      .where('user_id', '=', user)
      .orderBy('refreshed_at', 'desc')
      .orderBy('id', 'desc')
      .offset(limits.maxLoginsPerUser);
    // By the database's clock, which is the one that wrote `refreshed_at`.
    const longestAgo = sql<Date>`now() - make_interval(secs => ${sql.lit(limits.maxIdleLoginMs / 1000)})`;
    const ended = await endLogins(this.#db, user, eb =>
      eb.or([eb('id', 'in', beyond), eb('refreshed_at', '<', longestAgo)]),
    );
    return { login, ended };
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
   * @returns whose login it is; undefined when the token is dead itself, or the login has ended.
   */
  async refresh(login: string, generation: number): Promise<User | undefined> {
    const row = await this.#db
      .updateTable('logins')
      .from('users')
      .set({ generation, refreshed_at: sql`now()` })
      .whereRef('users.id', '=', 'logins.user_id')
      .where('logins.id', '=', login)
      .where('generation', '<=', generation)
      .returning(userColumns)
      .executeTakeFirst();
    return row && userOf(row);
  }

  async end(login: string): Promise<void> {
    await this.#db.deleteFrom('logins').where('id', '=', login).execute();
  }

  /** @returns those that ended. */
  endAll(user: string): Promise<string[]> {
    return endLogins(this.#db, user);
  }
}
