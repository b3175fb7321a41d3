/** The settings in force, fit to be shown: secrets are masked. */
import { gather, type SourceName, type Sources } from './sources.ts';
import { defaultOf, type SettingName, secretSettings, settingNames } from './table.ts';

export type Setting = {
  name: SettingName;
  value: string;
  from: SourceName | 'default';
  /** The file that a secret was read from. */
  file?: string;
};

/** Every setting, and where its value comes from. @throws ConfigError */
export function explainSettings(sources: Sources): Setting[] {
  const given = gather(sources);
  return settingNames.map(name => {
    const found = given.get(name);
    if (found === undefined) return { name, value: defaultOf(name), from: 'default' };
    const { value, from, file } = found;
    return { name, value: masked(name, value), from, ...(file !== undefined && { file }) };
  });
}

function masked(name: SettingName, value: string): string {
  if (!secretSettings.includes(name)) return value;
  if (name !== 'DATABASE_URL') return '***';
  // A password may stand before the @, or among the parameters.
  return value.replace(/:\/\/.*@/, '://***@').replace(/([?&][^=]*password=)[^&]*/gi, '$1***');
}
