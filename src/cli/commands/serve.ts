import type { Command } from 'commander';
import { addSettingFlags, settingsIn } from '../setting-flags.ts';

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('run the server, until Ctrl-C or SIGTERM')
    .addHelpText('after', '\nExample:\n  papo serve --port 9000');
  addSettingFlags(command).action(async (options: object) => {
    // Only this command needs the server.
    const { serve } = await import('../../server/main.ts');
    await serve(settingsIn(options));
  });
}
