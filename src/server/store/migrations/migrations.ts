/** Every migration, in order. A migration that has run anywhere is never changed again. */
import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from '../database.ts';
import { theLog } from './0001-the-log.ts';
import { refreshRenameRemove } from './0002-refresh-rename-remove.ts';

const migrations: Record<string, Migration> = {
  '0001-the-log': theLog,
  '0002-refresh-rename-remove': refreshRenameRemove,
};

/** Whether the database has all of them, or more: papo's next version may have come by. */
export async function isUpToDate(db: Database): Promise<boolean> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const run = new Set(rows.map(row => row.name));
  return Object.keys(migrations).every(name => run.has(name));
}

/** Brings the database up to date. Kysely's migrator holds an advisory lock meanwhile. */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
