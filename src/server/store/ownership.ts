/** Which papo server owns a database. */
import { sql } from 'kysely';
import pg from 'pg';
import type { Database } from './database.ts';

/** The advisory lock's key: "papo" in ASCII. Advisory locks are per database, so it needs to be unique only there. */
const ownershipKey = 0x70_61_70_6f;

/** Connecting and asking, each. */
const answerTimeoutMs = 5_000;
const keepAliveDelayMs = 10_000;

/**
 * A session that is never closed by being idle and that PostgreSQL gives up 25 s after its server has vanished without a
 * goodbye (power cut, cable), instead of after the two hours that are usual: so long would the lock be held by nobody.
 */
const sessionSettings = `
  set idle_session_timeout = 0;
  set tcp_keepalives_idle = 10;
  set tcp_keepalives_interval = 5;
  set tcp_keepalives_count = 3`;

/**
 * Claims a database for this server, for as long as the returned client stays connected: PostgreSQL frees the lock
 * when the session ends, however it ends. The claim was lost when the client emits `end`.
 *
 * @returns the open client that holds the claim; undefined (and nothing left open) when another session holds it.
 * @throws when the database can't be reached or asked.
 */
export async function claimDatabase(config: pg.ClientConfig): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    connectionTimeoutMillis: answerTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    ...config,
    application_name: 'papo owner',
  });
  // An 'error' without a listener would end the process; 'end', which always follows it, is the news that matters.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sessionSettings);
    const { rows } = await client.query<{ claimed: boolean }>('select pg_try_advisory_lock($1) as claimed', [
      ownershipKey,
    ]);
    if (rows[0]?.claimed) return client;
  } catch (error) {
    await client.end();
    throw error;
  }
  await client.end();
  return undefined;
}

/** Whether a server holds the database: somebody who asks must not take it. */
export async function isClaimed(db: Database): Promise<boolean> {
  const { rows } = await sql`
    select from pg_locks
    where locktype = 'advisory' and classid = 0 and objid = ${ownershipKey} and objsubid = 1 and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(db);
  return rows.length > 0;
}
