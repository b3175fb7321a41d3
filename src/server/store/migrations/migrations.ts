/** Every migration, in order. A migration that has run anywhere is never changed again. */
import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from '../database.ts';
import { theLog } from './0001-the-log.ts';
import { refreshRenameRemove } from './0002-refresh-rename-remove.ts';
import { administration } from './0003-administration.ts';
import { roomSpace } from './0004-room-space.ts';
import { namesAsSearched } from './0005-names-as-searched.ts';

const migrations: Record<string, Migration> = {
  '0001-the-log': theLog,
  '0002-refresh-rename-remove': refreshRenameRemove,
  '0003-administration': administration,
  '0004-room-space': roomSpace,
  '0005-names-as-searched': namesAsSearched,
};

export const migrationNames: readonly string[] = Object.keys(migrations);

/** Whether the database has all of them, or more: papo's next version may have come by. */
export async function isUpToDate(db: Database): Promise<boolean> {
  const applied = new Set(await appliedMigrations(db));
  return migrationNames.every(name => applied.has(name));
}

/** @throws a sentence when the schema isn't the one that this papo works with. */
export async function requireCurrent(db: Database): Promise<void> {
  const applied = await appliedMigrations(db);
  requireKnown(applied, 'The database');
  if (migrationNames.every(name => applied.includes(name))) return;
  throw new Error('The database is of an older papo, or new: start the server, or run "papo migrate up".');
}

/**
 * Brings the database up to date, or to the schema that `upTo` made. Kysely's migrator holds an advisory lock meanwhile.
 *
 * @throws a sentence when a newer papo has been here: what its migrations mean is unknown to this one.
 */
export async function migrate(db: Database, upTo = migrationNames.at(-1) ?? ''): Promise<void> {
  requireKnown(await appliedMigrations(db), 'The database');
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateTo(upTo);
  if (error !== undefined) throw error;
}

/** Those that have run, in order; none where papo has never been. */
export async function appliedMigrations(db: Database): Promise<string[]> {
  const { rows: found } = await sql`
    select from pg_tables where schemaname = current_schema() and tablename = 'kysely_migration'`.execute(db);
  if (found.length === 0) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(row => row.name);
}

/** @param whose "The database", "The backup": for the sentence. @throws when some are of a newer papo. */
export function requireKnown(applied: readonly string[], whose: string): void {
  const unknown = applied.filter(name => !migrationNames.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `${whose} is of a newer papo: it has ${unknown.join(', ')}, this papo knows no further than ${migrationNames.at(-1)}. Use the newer papo.`,
  );
}
