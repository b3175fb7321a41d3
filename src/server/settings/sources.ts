/** Where settings come from: flags, then the environment, then `.env`; the first that has a setting decides. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './error.ts';
import { flagOf, mayBeEmpty, type SettingName, secretSettings, settingNames } from './table.ts';

/** By the names of the environment: `PORT`, or of a secret's file `PAPO_SECRET_FILE`. */
export type Values = Readonly<Record<string, string | undefined>>;

/** What a person has given, nearest first. */
export type Sources = { flags?: Values; environment: Values; dotEnv?: Values };

export type SourceName = 'flag' | 'environment' | '.env';

export type Given = {
  value: string;
  from: SourceName;
  /** What was used, as it is called there: `--port`, `PORT`, `PORT in .env`. */
  by: string;
  /** The file that a secret was read from. */
  file?: string;
};

/** The file `.env` in the working directory; nothing where there is none. @throws ConfigError when it can't be read. */
export function readDotEnv(path = '.env'): Values {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
}

/** What the sources say of each setting; those of which they say nothing are missing. @throws ConfigError */
export function gather({ flags = {}, environment, dotEnv = {} }: Sources): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>();
  for (const name of settingNames) {
    const found =
      find(name, flags, 'flag') ?? find(name, environment, 'environment') ?? find(name, dotEnv, '.env');
    if (found !== undefined) given.set(name, found);
  }
  return given;
}

function find(name: SettingName, values: Values, from: SourceName): Given | undefined {
  const call = (variable: string) =>
    from === 'flag' ? flagOf(name) : from === '.env' ? `${variable} in .env` : variable;
  const value = values[name];
  if (value !== undefined && (value !== '' || mayBeEmpty.includes(name))) {
    return { value, from, by: call(name) };
  }
  const file = values[`${name}_FILE`];
  // What is set to nothing is not set.
  if (!secretSettings.includes(name) || file === undefined || file === '') return undefined;
  const by = call(`${name}_FILE`);
  return { value: readSecret(file, by), from, by, file };
}

function readSecret(file: string, by: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`${by}: ${(error as Error).message}`);
  }
}
