import type { Command } from 'commander';
import { restore, verifyBackup } from '../../server/store/restore.ts';
import { withDatabase } from '../database.ts';
import { say, summary } from '../output.ts';
import { addSettingFlags, databaseSettings, settingsIn } from '../setting-flags.ts';

export function addRestore(program: Command): void {
  const command = program
    .command('restore')
    .description('fill an empty database from a backup, while no server runs')
    .argument('<file>', 'what `papo backup` wrote')
    .option('--json', 'say what was restored as JSON')
    .addHelpText('after', '\nExample:\n  papo restore --data-dir ./new-data /backups/papo-2026-11-23.backup');
  addSettingFlags(command, databaseSettings).action(async (file: string, options: { json?: boolean }) => {
    // Before a database is made for it.
    const backup = await verifyBackup(file);
    await withDatabase('own', settingsIn(options), ({ connection, log, signal }) =>
      restore(connection, backup, log, signal),
    );
    const { tables, takenAt } = backup.manifest;
    say(options.json, { file, ...backup.manifest }, `restored ${summary(tables)}, as of ${takenAt}`);
  });
}
