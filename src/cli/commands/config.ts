import type { Command } from 'commander';
import { readConfig } from '../../server/config.ts';
import { explainSettings, type Setting } from '../../server/settings/explain.ts';
import { readDotEnv, type Sources } from '../../server/settings/sources.ts';
import { unknownVariables } from '../../server/settings/unknown.ts';
import { complain, say } from '../output.ts';
import { addSettingFlags, settingsIn } from '../setting-flags.ts';

export function addConfig(program: Command): void {
  const command = program
    .command('config')
    .description('show the settings in force and where each comes from; secrets are masked')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  PORT=9000 papo config');
  addSettingFlags(command).action((options: { json?: boolean }) => {
    const sources: Sources = {
      flags: settingsIn(options),
      environment: process.env,
      dotEnv: readDotEnv(),
    };
    for (const sentence of unknownVariables(sources)) complain(sentence);
    // What can't be is no setting in force.
    readConfig(sources);
    const settings = explainSettings(sources);
    const width = Math.max(...settings.map(({ name }) => name.length));
    const lines = settings.map(
      setting => `${setting.name.padEnd(width)}  ${setting.value || '–'}  (${originOf(setting)})`,
    );
    say(options.json, settings, lines.join('\n'));
  });
}

function originOf({ from, file }: Setting): string {
  return file === undefined ? from : `${from}, from ${file}`;
}
