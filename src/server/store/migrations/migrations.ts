/** Every migration, in order. A migration that has run anywhere is never changed again. */
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from '../database.ts';
import { theLog } from './0001-the-log.ts';
import { refreshRenameRemove } from './0002-refresh-rename-remove.ts';

const migrations: Record<string, Migration> = {
  '0001-the-log': theLog,
  '0002-refresh-rename-remove': refreshRenameRemove,
};

/** Brings the database up to date. Kysely's migrator holds an advisory lock meanwhile. */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
