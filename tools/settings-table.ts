/** The READMEs' tables of settings, made from the table in the code. */
import {
  defaultOf,
  describe,
  type SettingName,
  secretSettings,
  settingNames,
} from '../src/server/settings/table.ts';
import { descriptions } from './settings.pt-BR.ts';

const begin = '<!-- settings: made by npm run documents -->';
const end = '<!-- /settings -->';

/** The README, by its path, with the table that is right. @throws when it has no place for it. */
export function withSettings(readme: string, path: 'README.md' | 'README.pt-BR.md'): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} has no "${begin}" with "${end}" after it.`);
  const table =
    path === 'README.md'
      ? tableOf(['variable', 'default'], describe)
      : tableOf(['variável', 'padrão'], name => descriptions[name]);
  return `${readme.slice(0, from)}${begin}\n${table}\n${readme.slice(to)}`;
}

function tableOf([variable, usual]: [string, string], meaningOf: (name: SettingName) => string): string {
  const rows = settingNames.map(name => {
    const names = secretSettings.includes(name) ? [name, `${name}_FILE`] : [name];
    const value = defaultOf(name) ? `\`${defaultOf(name)}\`` : '–';
    return `| ${names.map(it => `\`${it}\``).join(', ')} | ${value} | ${meaningOf(name)} |`;
  });
  return [`| ${variable} | ${usual} | |`, '|---|---|---|', ...rows].join('\n');
}
