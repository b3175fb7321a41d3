/** Fills an empty database from a backup: with all of it, or not at all. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type pg from 'pg';
import type { Logger } from '../log.ts';
import { type BackupContent, readBackup } from './backup/reader.ts';
import { countRows, presentTables } from './backup/tables.ts';
import { beginHistory, type Database, liftTimeLimits, openSingle } from './database.ts';
import { migrate, requireKnown } from './migrations/migrations.ts';
import { Owner } from './owner.ts';

/** A file that was read to its end, was whole, and is of a schema that this papo knows. */
export type VerifiedBackup = BackupContent & { readonly path: string };

/** @throws a sentence when it can't be restored by this papo, or not at all. */
export async function verifyBackup(path: string): Promise<VerifiedBackup> {
  const content = await readBackup(path);
  requireKnown(content.manifest.migrations, 'The backup');
  return { ...content, path };
}

/**
 * Restores into an empty database, with the schema that it had; the server brings that up to date when it starts.
 *
 * The restored database is a new history: clients that know more than the backup does must not be told that they are
 * up to date.
 *
 * @param signal gives up.
 * @throws a sentence when the database isn't empty or a server uses it; whatever is thrown, nothing was changed.
 */
export async function restore(
  connection: pg.ClientConfig,
  backup: VerifiedBackup,
  log: Logger,
  signal?: AbortSignal,
): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const owner = parts.adopt(new Owner(connection, log, () => {}), held => held.release());
  await owner.claim();
  const db = parts.adopt(openSingle(connection, log), pool => pool.destroy());
  await db.transaction().execute(async trx => {
    await liftTimeLimits(trx);
    await requireEmpty(trx);
    await migrate(trx, backup.manifest.migrations.at(-1));
    await load(trx, backup, signal);
    await beginHistory(trx, randomUUID());
  });
  // Without it the first queries would be planned for empty tables.
  await sql`analyze`.execute(db);
}

async function load(
  db: Database,
  { path, manifest, sha256 }: VerifiedBackup,
  signal?: AbortSignal,
): Promise<void> {
  const tables = await presentTables(db);
  if (tables.join() !== manifest.tables.map(table => table.name).join()) {
    throw new Error(`The backup ${path} has other tables than its schema.`);
  }
  const again = await readBackup(path, async (table, rows) => {
    signal?.throwIfAborted();
    await sql`insert into ${sql.table(table)}
      select * from json_populate_recordset(null::${sql.table(table)}, ${`[${rows.join(',')}]`}::json)`.execute(
      db,
    );
  });
  if (again.sha256 !== sha256) throw new Error(`The backup ${path} was changed while it was being restored.`);
  for (const [index, table] of tables.entries()) {
    const [stored, expected] = [await countRows(db, table), manifest.tables[index]?.rows];
    if (stored !== expected)
      throw new Error(`${table} has ${stored} rows instead of ${expected} after the restore.`);
  }
}

async function requireEmpty(db: Database): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema() order by name`.execute(db);
  if (rows.length === 0) return;
  const there = new Set(rows.map(row => row.name));
  const found =
    there.has('users') && there.has('messages')
      ? `${await countRows(db, 'users')} users and ${await countRows(db, 'messages')} messages`
      : `the tables ${[...there].join(', ')}`;
  throw new Error(`The database isn't empty, it has ${found}: restore into a new one.`);
}
