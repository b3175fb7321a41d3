/** papo's PostgreSQL: how to connect to it, what it must be like, and how its errors read. */
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { Outage } from './outage.ts';
import type { Schema } from './schema.ts';

export type Database = Kysely<Schema>;

const poolSize = 8;
const connectTimeoutMs = 5_000;
/** A statement is given up by the server first, then by the client, which drops the connection. */
const lockTimeoutMs = 5_000;
const statementTimeoutMs = 10_000;
const queryTimeoutMs = 15_000;

/** The setting that is made anew when a backup is restored. */
const historyKey = 'history';

const oid = { int8: 20 };

/** Counters are bigint in PostgreSQL and stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) => (id === oid.int8 ? Number : pg.types.getTypeParser(id, format)),
};

/** Settings every connection of the server has, whatever it is for. */
export function connectionSettings(connection: pg.ClientConfig): pg.ClientConfig {
  return {
    ...connection,
    types,
    application_name: 'papo',
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: queryTimeoutMs,
  };
}

export function openPool(connection: pg.ClientConfig, log: Logger, { dbErrors, dbPool }: Metrics): Database {
  const outage = new Outage(log);
  const pool = createPool({ ...connectionSettings(connection), max: poolSize }, log);
  const failed = (error: unknown) => {
    dbErrors.inc({ code: errorLabel(error) });
    if (isPassing(error)) outage.failed(error);
  };
  dbPool.from(() => {
    const { totalCount, idleCount: idle, waitingCount: waiting } = pool;
    return { busy: totalCount - idle, idle, waiting };
  });
  return new Kysely<Schema>({
    dialect: new PostgresDialect({
      pool: {
        options: pool.options,
        end: () => pool.end(),
        connect: () =>
          pool.connect().catch(error => {
            failed(error);
            throw error;
          }),
      },
    }),
    log: event => {
      if (event.level === 'error') failed(event.error);
      else outage.answered();
    },
  });
}

/** One connection, for work on all rows at once: it takes as long as it takes. */
export function openSingle(connection: pg.ClientConfig, log: Logger): Database {
  const settings = { ...connectionSettings(connection), query_timeout: undefined, max: 1 };
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: createPool(settings, log) }) });
}

function createPool(settings: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool(settings);
  pool.on('error', error => {
    // It ends before its connections do, and papo's own PostgreSQL may be the first of both to go.
    if (!pool.ending) log.warn({ err: error }, 'an idle database connection broke');
  });
  // The pool listens to those that are idle. One that is lent, and asks nothing at this moment, would end the process with
  // an 'error' that nobody hears; what it is asked next fails, and the pool takes it back no more.
  pool.on('connect', client => client.on('error', () => {}));
  return pool;
}

/** For one transaction: neither our own limits, nor those that an administrator set for everyday work. */
export async function liftTimeLimits(transaction: Database): Promise<void> {
  await sql`set local statement_timeout = 0`.execute(transaction);
  await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction);
}

/**
 * @param called what names the database, for the sentence.
 * @throws a sentence when nobody answers there.
 */
export async function requireReachable(db: Database, called: string): Promise<void> {
  try {
    await sql`select`.execute(db);
  } catch (error) {
    throw new Error(`${called} can not be reached: ${reasonOf(error)}`, { cause: error });
  }
}

/** Where a name has several addresses, the error is one of errors, and says nothing itself. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}

/** An acknowledged message must survive a power cut: refuses a PostgreSQL that is set not to keep that promise. */
export async function requireDurability(db: Database): Promise<void> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings
    where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'`.execute(db);
  if (rows.length > 0) {
    const names = rows.map(row => row.name).join(', ');
    throw new Error(`PostgreSQL runs with ${names} off: acknowledged messages could be lost. Turn it on.`);
  }
}

/**
 * Names this database's history. Versions of one history say nothing about another: after a restore or a failover
 * the name is another one.
 */
export async function readLogName(db: Database): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select system_identifier || '-' || timeline_id || '-' || d.oid || coalesce('-' || s.value, '') as name
    from pg_control_system(), pg_control_checkpoint(), pg_database d
    left join settings s on s.key = ${historyKey}
    where d.datname = current_database()`.execute(db);
  return rows[0]?.name ?? '';
}

/**
 * Makes the log's name another one. A database restored from papo's backup may have everything else of the name in
 * common with the one it was taken of: a copy of its cluster, with the copy's database emptied.
 */
export async function beginHistory(db: Database, name: string): Promise<void> {
  await db
    .insertInto('settings')
    .values({ key: historyKey, value: name })
    .onConflict(conflict => conflict.column('key').doUpdateSet({ value: name }))
    .execute();
}

/** A value made once and kept; the first one wins, whoever else tries at the same time. */
export async function keptSetting(db: Database, key: string, make: () => string): Promise<string> {
  await db
    .insertInto('settings')
    .values({ key, value: make() })
    .onConflict(conflict => conflict.doNothing())
    .execute();
  const kept = await db
    .selectFrom('settings')
    .select('value')
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  return kept.value;
}

/** SQLSTATE of an error from PostgreSQL; undefined for errors on the way to it. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** An error as a metric names it: its SQLSTATE, or `connection` for one on the way to PostgreSQL. */
export function errorLabel(error: unknown): string {
  return sqlState(error) ?? (isConnectionLost(error) ? 'connection' : 'other');
}

/** @param constraint absent: whichever it is. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code !== '23505') return false;
  return constraint === undefined || error.constraint === constraint;
}

/**
 * The input is to blame, and will be every time: data exceptions, integrity violations, and errors of access or syntax.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isDataError(error: unknown): boolean {
  return /^(22|23|42)/.test(sqlState(error) ?? '');
}

/** PostgreSQL went away, is restarting, or could not be reached: what was asked may or may not have happened. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return /^(08|57P)/.test(state);
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined
    ? /^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|EAGAIN|ERR_STREAM_DESTROYED)/.test(code)
    : /connection (terminated|ended|error)|connection timeout|timeout exceeded|not queryable|read timeout/i.test(
        error.message,
      );
}

/**
 * Nothing is wrong with what was asked, and the same again may work: PostgreSQL is away, reads only (it isn't the primary
 * any more), ended a deadlock, is short of something (connections, memory, disk), or took too long and was stopped.
 */
export function isPassing(error: unknown): boolean {
  return isConnectionLost(error) || /^(25006|40|53|55P03|57014)/.test(sqlState(error) ?? '');
}
