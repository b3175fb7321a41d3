import type { Command } from 'commander';
import { explainConfig } from '../../server/config.ts';
import { say } from '../output.ts';

export function addConfig(program: Command): void {
  program
    .command('config')
    .description('show the settings in force and where each comes from; secrets are masked')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  PORT=9000 papo config')
    .action((options: { json?: boolean }) => {
      const settings = explainConfig(process.env);
      const width = Math.max(...settings.map(({ name }) => name.length));
      const lines = settings.map(
        ({ name, value, from }) => `${name.padEnd(width)}  ${value || '–'}  (${from})`,
      );
      say(options.json, settings, lines.join('\n'));
    });
}
