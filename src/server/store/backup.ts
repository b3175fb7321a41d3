/**
 * Writes all that a database holds into one file, while the server goes on.
 *
 * Rows are JSON, one a line, with the columns by name: readable with `zcat` and independent of the versions of PostgreSQL
 * on both sides. (`pg_dump` would have to fit the server's version, and doesn't come with papo's own PostgreSQL.)
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type pg from 'pg';
import type { Logger } from '../log.ts';
import { version } from '../version.ts';
import { type Manifest, makeManifest } from './backup/manifest.ts';
import { checksumLine } from './backup/reader.ts';
import { countRows, presentTables, type TableName } from './backup/tables.ts';
import { requireFree, type WholeFileOptions, writeWhole } from './backup/whole-file.ts';
import { type Database, liftTimeLimits, openSingle, readLogName } from './database.ts';
import { appliedMigrations } from './migrations/migrations.ts';

export type BackupReport = { manifest: Manifest; bytes: number };

const fetchRows = 500;

/**
 * Backs up what is committed when it begins; nothing that comes later is in it.
 *
 * @throws a sentence when there is nothing of papo's, or the file is there or can't be written.
 */
export async function backUp(
  connection: pg.ClientConfig,
  path: string,
  log: Logger,
  options: WholeFileOptions = {},
): Promise<BackupReport> {
  requireFree(path, options);
  await using db = openSingle(connection, log);
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async snapshot => {
      await liftTimeLimits(snapshot);
      const { manifest, tables } = await describe(snapshot);
      const bytes = await writeWhole(path, contentOf(snapshot, manifest, tables), options);
      return { manifest, bytes };
    });
}

async function describe(snapshot: Database): Promise<{ manifest: Manifest; tables: TableName[] }> {
  const migrations = await appliedMigrations(snapshot);
  if (migrations.length === 0)
    throw new Error('This database holds nothing of papo: there is nothing to back up.');
  const tables = await presentTables(snapshot);
  const counted = [];
  for (const name of tables) counted.push({ name, rows: await countRows(snapshot, name) });
  const manifest = makeManifest({
    papo: version,
    takenAt: new Date().toISOString(),
    log: await readLogName(snapshot),
    migrations,
    tables: counted,
  });
  return { manifest, tables };
}

async function* contentOf(
  snapshot: Database,
  manifest: Manifest,
  tables: readonly TableName[],
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string) => {
    hash.update(text);
    return text;
  };
  yield hashed(`${JSON.stringify(manifest)}\n`);
  for (const table of tables) {
    for await (const rows of rowsOf(snapshot, table)) yield hashed(rows);
  }
  yield `${checksumLine(hash.digest('hex'))}\n`;
}

/** A few hundred lines at a time, however large the table is. */
async function* rowsOf(snapshot: Database, table: TableName): AsyncGenerator<string> {
  await sql`declare backup no scroll cursor for
    select row_to_json(t)::text as line from ${sql.table(table)} t`.execute(snapshot);
  for (;;) {
    const { rows } = await sql<{ line: string }>`fetch ${sql.lit(fetchRows)} from backup`.execute(snapshot);
    if (rows.length === 0) break;
    yield rows.map(({ line }) => `${line}\n`).join('');
  }
  await sql`close backup`.execute(snapshot);
}
