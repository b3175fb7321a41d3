/** Settings as flags of a command, made from the table. */
import { type Command, Option } from 'commander';
import type { Values } from '../server/settings/sources.ts';
import {
  defaultOf,
  describe,
  flagOf,
  type SettingName,
  secretSettings,
  settingNames,
} from '../server/settings/table.ts';

/** Those that say which database it is. */
export const databaseSettings: readonly SettingName[] = ['DATABASE_URL', 'PAPO_DATA_DIR'];

export function addSettingFlags(command: Command, names: readonly SettingName[] = settingNames): Command {
  command.optionsGroup('Settings:');
  for (const name of names) command.addOption(optionOf(name));
  return command;
}

/** What of a command's options are settings, by the names of the environment. */
export function settingsIn(options: object): Values {
  const given = new Map(Object.entries(options));
  return Object.fromEntries(
    settingNames
      .map(name => [variableOf(name), given.get(optionOf(name).attributeName())] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function optionOf(name: SettingName): Option {
  const isSecret = secretSettings.includes(name);
  const meaning = `${isSecret ? `file that holds ${name}: ` : ''}${describe(name).replaceAll('`', '')}`;
  const usually = defaultOf(name) && ` (default: ${defaultOf(name)})`;
  return new Option(`${flagOf(name)} <${isSecret ? 'file' : 'value'}>`, `${meaning}${usually}`);
}

/** The value of a secret's flag is the name of its file. */
function variableOf(name: SettingName): string {
  return secretSettings.includes(name) ? `${name}_FILE` : name;
}
