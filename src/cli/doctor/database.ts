/** PostgreSQL: is it there, does it keep what it acknowledges, and is there a place for papo? */
import { sql } from 'kysely';
import type { ClientConfig } from 'pg';
import type { Logger } from '../../server/log.ts';
import { type Database, openSingle, reasonOf, sqlState } from '../../server/store/database.ts';
import { appliedMigrations, migrationNames } from '../../server/store/migrations/migrations.ts';
import { isClaimed } from '../../server/store/ownership.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const minVersion = 15;
/** The server's pool, its lanes, its claim, and one for a backup. */
const connectionsOfServer = 14;
const connectionsBeside = 2;
const maxClockDifferenceMs = 2_000;

const durable = ['fsync', 'full_page_writes', 'synchronous_commit'];

export async function lookAtDatabase(connection: ClientConfig, log: Logger): Promise<Finding[]> {
  await using db = openSingle(connection, log);
  try {
    const version = await lookAtVersion(db);
    if (version.state === 'problem') return [version];
    const isRunning = await isClaimed(db);
    return [
      version,
      ...(await lookAtDurability(db)),
      await lookAtMigrations(db),
      await lookAtClock(db),
      await lookAtConnections(db, isRunning),
      ok('server', isRunning ? 'a papo server is using this database' : 'none is using this database'),
    ];
  } catch (error) {
    return [problem('database', reasonOf(error), fixOf(error))];
  }
}

async function lookAtVersion(db: Database): Promise<Finding> {
  const { rows } = await sql<{ version: string; number: number }>`
    select current_setting('server_version') as version,
      current_setting('server_version_num')::int as number`.execute(db);
  const { version = '', number = 0 } = rows[0] ?? {};
  return number >= minVersion * 10_000
    ? ok('database', `PostgreSQL ${version} answers`)
    : problem(
        'database',
        `PostgreSQL ${version} is too old`,
        `Upgrade it to ${minVersion} or later (pg_upgrade), or name another one.`,
      );
}

async function lookAtDurability(db: Database): Promise<Finding[]> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings where name in (${sql.join(durable)}) order by name`.execute(db);
  return rows.map(({ name, setting }) =>
    setting === 'off'
      ? problem(
          name,
          'off: acknowledged messages could be lost, and papo does not start',
          `"alter system set ${name} = on", then "select pg_reload_conf()". It may be off for this user or database alone.`,
        )
      : ok(name, setting),
  );
}

async function lookAtMigrations(db: Database): Promise<Finding> {
  const applied = await appliedMigrations(db);
  const unknown = applied.filter(name => !migrationNames.includes(name));
  if (unknown.length > 0) {
    return problem('migrations', `of a newer papo: ${unknown.join(', ')}`, 'Use the papo that was here.');
  }
  const pending = migrationNames.filter(name => !applied.includes(name));
  return ok(
    'migrations',
    pending.length === 0
      ? 'the schema is up to date'
      : `to come when the server starts: ${pending.join(', ')}`,
  );
}

async function lookAtClock(db: Database): Promise<Finding> {
  const askedAt = Date.now();
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  const meanwhile = (askedAt + Date.now()) / 2;
  const difference = Math.abs((rows[0]?.now.getTime() ?? 0) - meanwhile);
  return clockFinding('clock of the database', difference, maxClockDifferenceMs);
}

export function clockFinding(check: string, differenceMs: number, allowedMs: number): Finding {
  const says = `${(differenceMs / 1000).toFixed(1)} s from this machine’s`;
  return differenceMs <= allowedMs
    ? ok(check, says)
    : warning(check, says, 'Set both by NTP: tokens end and messages are dated by them.');
}

async function lookAtConnections(db: Database, isRunning: boolean): Promise<Finding> {
  const { rows } = await sql<{ most: number; used: number }>`
    select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most,
      (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`.execute(db);
  const { most = 0, used = 0 } = rows[0] ?? {};
  // This very one is free again.
  const left = most - used + 1;
  const needed = isRunning ? connectionsBeside : connectionsOfServer;
  const says = `${left} of ${most} left`;
  return left >= needed
    ? ok('connections', says)
    : problem(
        'connections',
        `${says}, ${needed} are needed`,
        'Raise max_connections of PostgreSQL, or end what holds them (select * from pg_stat_activity).',
      );
}

function fixOf(error: unknown): string {
  switch (sqlState(error)) {
    case '28P01':
    case '28000':
      return 'Correct the user and the password in DATABASE_URL, or let them in (pg_hba.conf).';
    case '3D000':
      return 'Make the database (createdb), or correct its name in DATABASE_URL.';
    case '42501':
      return 'Give the user the database: "alter database … owner to …".';
    case '53300':
      return 'Raise max_connections of PostgreSQL, or end what holds them.';
    default:
      return 'See that PostgreSQL runs there and can be reached from here, and that DATABASE_URL names it.';
  }
}
