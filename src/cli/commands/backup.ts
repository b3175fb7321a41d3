import type { Command } from 'commander';
import { backUp } from '../../server/store/backup.ts';
import { withDatabase } from '../database.ts';
import { say, summary } from '../output.ts';
import { addSettingFlags, databaseSettings, settingsIn } from '../setting-flags.ts';

export function addBackup(program: Command): void {
  const command = program
    .command('backup')
    .description('write everything into one file, also while the server runs')
    .argument('<file>', 'where to; everyone’s messages and password hashes will be in it')
    .option('-f, --force', 'replace the file if it is there')
    .option('--json', 'say what was written as JSON')
    .addHelpText('after', '\nExample:\n  papo backup /backups/papo-$(date +%F).backup');
  addSettingFlags(command, databaseSettings).action(
    async (file: string, options: { force?: boolean; json?: boolean }) => {
      const { manifest, bytes } = await withDatabase(
        'existing',
        settingsIn(options),
        ({ connection, log, signal }) => backUp(connection, file, log, { overwrite: options.force, signal }),
      );
      const text = `${file}: ${summary(manifest.tables)} (${bytes} bytes)`;
      say(options.json, { file, bytes, ...manifest }, text);
    },
  );
}
