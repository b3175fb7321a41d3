/** Logins that have ended, wherever that was done: by this server, by a command, by hand. */
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

/**
 * How far before the last look the next one begins: whoever ended a login said when before it was committed. Longer than
 * such a transaction lasts, which waits for locks and runs a few statements of at most ten seconds.
 */
const overlapSeconds = 60;
/** Beyond so many it isn't worth telling apart whose they are. */
const maxUsersTold = 1_000;
const loginsAtOnce = 1_000;

/** What a look has seen; `users` is undefined when logins of too many have ended to name them. */
export type EndedSince = {
  /** When the look was, by the database's clock. */
  at: Date;
  users: string[] | undefined;
};

export class EndedLogins {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Whose logins ended since a look before, and again some of those that it has seen; `since` undefined: anyone's. */
  async since(since: Date | undefined): Promise<EndedSince> {
    const users =
      since &&
      sql`array(
      select user_id::text from ended_logins
      where at > ${since}::timestamptz - make_interval(secs => ${sql.lit(overlapSeconds)})
      limit ${sql.lit(maxUsersTold + 1)})`;
    const { rows } = await sql<{ at: Date; users: string[] | null }>`
      select clock_timestamp() as at, ${users ?? sql`null::text[]`} as users`.execute(this.#db);
    const [row] = rows;
    if (row === undefined) throw new Error('no row came from asking what time it is');
    const isNamed = row.users !== null && row.users.length <= maxUsersTold;
    return { at: row.at, users: isNamed && row.users !== null ? row.users : undefined };
  }

  /** Those of the logins that have ended. */
  async among(logins: readonly string[]): Promise<string[]> {
    const ended: string[] = [];
    for (let from = 0; from < logins.length; from += loginsAtOnce) {
      const some = logins.slice(from, from + loginsAtOnce);
      const { rows } = await sql<{ id: string }>`
        select asked.id from unnest(${some}::uuid[]) as asked (id)
        where not exists (select from logins l where l.id = asked.id)`.execute(this.#db);
      ended.push(...rows.map(({ id }) => id));
    }
    return ended;
  }
}

/**
 * Ends logins of a user: those that are meant, or all. They are locked in the order of their ids, or two who end the same
 * ones at once would wait for each other, since a login that is refreshed meanwhile changes its place in every other order.
 * @returns those that ended.
 */
export async function endLogins(
  db: Database,
  user: string,
  meant: (eb: ExpressionBuilder<Schema, 'logins'>) => Expression<SqlBool> = eb => eb.val(true),
): Promise<string[]> {
  const ended = await db
    .with(
      cte => cte('doomed').materialized(),
      doomed =>
        doomed
          .selectFrom('logins')
          .select('id')
          .where('user_id', '=', user)
          .where(meant)
          .orderBy('id')
          .forUpdate(),
    )
    .deleteFrom('logins')
    .where('id', 'in', those => those.selectFrom('doomed').select('id'))
    .returning('id')
    .execute();
  return ended.map(({ id }) => id);
}
