import type { Command } from 'commander';
import type { ClientConfig } from 'pg';
import type { Logger } from '../../server/log.ts';
import { type Database, openSingle } from '../../server/store/database.ts';
import {
  appliedMigrations,
  migrate,
  migrationNames,
  requireKnown,
} from '../../server/store/migrations/migrations.ts';
import { Owner } from '../../server/store/owner.ts';
import { withDatabase } from '../database.ts';
import { say } from '../output.ts';
import { addSettingFlags, databaseSettings, settingsIn } from '../setting-flags.ts';

export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('look at the database’s schema, or bring it up to date (the server does so when it starts)');
  const status = command
    .command('status')
    .description('which migrations have run, and which are to come; fails if a newer papo was here')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  papo migrate status --json');
  addSettingFlags(status, databaseSettings).action(async (options: { json?: boolean }) => {
    const applied = await withDatabase('existing', settingsIn(options), ({ connection, log }) =>
      withSingle(connection, log, appliedMigrations),
    );
    requireKnown(applied, 'The database');
    const pending = migrationNames.filter(name => !applied.includes(name));
    const lines = [...applied.map(name => `done     ${name}`), ...pending.map(name => `pending  ${name}`)];
    say(options.json, { applied, pending }, lines.join('\n'));
  });
  const up = command
    .command('up')
    .description('bring the schema up to date, while no server runs')
    .addHelpText('after', '\nExample:\n  papo backup before-update.backup && papo migrate up');
  addSettingFlags(up, databaseSettings).action(async (options: object) => {
    await withDatabase('own', settingsIn(options), async ({ connection, log }) => {
      await using parts = new AsyncDisposableStack();
      const owner = parts.adopt(new Owner(connection, log, () => {}), held => held.release());
      await owner.claim();
      await withSingle(connection, log, migrate);
    });
    say(false, {}, 'the schema is up to date');
  });
}

async function withSingle<T>(
  connection: ClientConfig,
  log: Logger,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  await using db = openSingle(connection, log);
  return await work(db);
}
