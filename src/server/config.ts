/** What the environment says, read once at the start. A bad value stops the start with the variable's name. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Password, RoomName, Username } from '../contract/objects.ts';
import { logLevels } from './log.ts';

const list = (value: string) =>
  value
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '');

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATABASE_URL: z.string().optional(),
  DATABASE_URL_FILE: z.string().min(1).optional(),
  PAPO_DATA_DIR: z.string().min(1).default('./data'),
  PAPO_SECRET: z.string().optional(),
  PAPO_SECRET_FILE: z.string().min(1).optional(),
  PAPO_TOKEN_TTL: z.coerce.number().int().min(10).max(86_400).default(900),
  PAPO_ORIGINS: z
    .string()
    .transform(list)
    .pipe(z.array(z.url().transform(url => new URL(url).origin)))
    .default([]),
  PAPO_DEFAULT_ROOMS: z.string().transform(list).pipe(z.array(RoomName).max(20)).default(['general']),
  PAPO_ADMIN: Username.optional(),
  PAPO_ADMIN_PASSWORD: z.string().optional(),
  PAPO_ADMIN_PASSWORD_FILE: z.string().min(1).optional(),
  PAPO_RATE_LIMITS: z.enum(['on', 'off']).default('on'),
  PAPO_TRUSTED_PROXIES: z
    .string()
    .transform(list)
    .pipe(
      z.array(
        z.union(
          [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
          'must be addresses like 10.0.0.1 or ranges like 10.0.0.0/8',
        ),
      ),
    )
    .default([]),
  PAPO_METRICS_ADDR: z.string().default('127.0.0.1:9464').transform(readAddress),
  PAPO_LOG_LEVEL: z.enum(logLevels).default('info'),
});

/** Where to listen: `host` without the brackets of IPv6. */
export type Address = { host: string; port: number };

export type Config = {
  port: number;
  host: string;
  /** Unset: papo runs a PostgreSQL of its own in {@link Config.dataDir}. */
  databaseUrl: string | undefined;
  dataDir: string;
  /** Key that signs tokens; unset: made once and kept in the database. */
  secret: string | undefined;
  tokenTtlSeconds: number;
  /** Origins besides the server's own that browsers may call from. */
  origins: readonly string[];
  /** Public rooms that exist from the start and that every new user is a member of. */
  defaultRooms: readonly string[];
  /** Who is made an administrator at the start; with a password, the account is made where there is none. */
  administrator: { username: string; password: string | undefined } | undefined;
  /** `false`: as often, and as many connections, as one likes. */
  rateLimits: boolean;
  /** Addresses and ranges of proxies that are believed when they say for whom they ask. */
  trustedProxies: readonly string[];
  /** Where metrics are read; unset: nowhere. */
  metricsAddress: Address | undefined;
  logLevel: z.infer<typeof Environment>['PAPO_LOG_LEVEL'];
};

const minSecretBytes = 32;

export class ConfigError extends Error {}

export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const parsed = Environment.safeParse(givenIn(environment));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(`${String(issue?.path[0])}: ${issue?.message}`);
  }
  const values = parsed.data;
  return {
    port: values.PORT,
    host: values.HOST,
    databaseUrl: readDatabaseUrl(values.DATABASE_URL, values.DATABASE_URL_FILE),
    dataDir: resolve(values.PAPO_DATA_DIR),
    secret: readSecret(values.PAPO_SECRET, values.PAPO_SECRET_FILE),
    tokenTtlSeconds: values.PAPO_TOKEN_TTL,
    origins: values.PAPO_ORIGINS,
    defaultRooms: values.PAPO_DEFAULT_ROOMS,
    administrator: readAdministrator(values),
    rateLimits: values.PAPO_RATE_LIMITS === 'on',
    trustedProxies: values.PAPO_TRUSTED_PROXIES,
    metricsAddress: values.PAPO_METRICS_ADDR,
    logLevel: values.PAPO_LOG_LEVEL,
  };
}

function readAddress(value: string, context: z.RefinementCtx): Address | undefined {
  if (value === '' || value === 'off') return undefined;
  const [, inBrackets, name, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(value) ?? [];
  const [host, port] = [inBrackets ?? name, Number(digits)];
  if (host !== undefined && port <= 65_535) return { host, port };
  context.addIssue('must be an address like 127.0.0.1:9464, or off');
  return z.NEVER;
}

/** The variables that somebody reads; the last two are the terminal chat's and the test run's. */
export const knownVariables: readonly string[] = [
  ...Object.keys(Environment.shape),
  'PAPO_PASSWORD',
  'PAPO_TEST_POSTGRES',
];

/** What is set to nothing is not set. */
function givenIn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  // Of these, empty is a value of its own: "no default rooms", "no metrics".
  for (const name of ['PAPO_DEFAULT_ROOMS', 'PAPO_METRICS_ADDR']) {
    if (environment[name] === '') given[name] = '';
  }
  return given;
}

export type Setting = { name: string; value: string; from: 'environment' | 'default' };

/** Every variable with what is in force, fit to be shown: secrets are masked. @throws ConfigError */
export function explainConfig(environment: NodeJS.ProcessEnv): Setting[] {
  readConfig(environment);
  const given = givenIn(environment);
  const defaults = Environment.parse({});
  return Object.keys(Environment.shape).map(name => {
    const value = given[name];
    return value === undefined
      ? { name, value: shown(defaults[name as keyof typeof defaults]), from: 'default' }
      : { name, value: masked(name, value), from: 'environment' };
  });
}

function shown(value: string | number | readonly string[] | Address | undefined): string {
  if (typeof value !== 'object') return String(value ?? '');
  return 'host' in value ? `${value.host}:${value.port}` : value.join(',');
}

function masked(name: string, value: string): string {
  if (name === 'PAPO_SECRET' || name === 'PAPO_ADMIN_PASSWORD') return '***';
  // A password may stand before the @, or among the parameters.
  return name === 'DATABASE_URL'
    ? value.replace(/:\/\/.*@/, '://***@').replace(/([?&][^=]*password=)[^&]*/gi, '$1***')
    : value;
}

function readDatabaseUrl(value: string | undefined, file: string | undefined): string | undefined {
  const [name, url] = valueOrFile('DATABASE_URL', value, file);
  if (url !== undefined && !/^(postgres|postgresql|socket):/.test(url)) {
    throw new ConfigError(`${name}: must start with postgres://`);
  }
  return url;
}

function readSecret(value: string | undefined, file: string | undefined): string | undefined {
  const [name, secret] = valueOrFile('PAPO_SECRET', value, file);
  if (secret !== undefined && Buffer.byteLength(secret) < minSecretBytes) {
    throw new ConfigError(`${name}: must be at least ${minSecretBytes} bytes`);
  }
  return secret;
}

function readAdministrator(values: z.infer<typeof Environment>): Config['administrator'] {
  const { PAPO_ADMIN: username, PAPO_ADMIN_PASSWORD: value, PAPO_ADMIN_PASSWORD_FILE: file } = values;
  const [name, password] = valueOrFile('PAPO_ADMIN_PASSWORD', value, file);
  if (password === undefined) return username === undefined ? undefined : { username, password };
  if (username === undefined) throw new ConfigError(`${name}: PAPO_ADMIN must name whose it is`);
  const { error } = Password.safeParse(password);
  if (error !== undefined) throw new ConfigError(`${name}: ${error.issues[0]?.message}`);
  return { username, password };
}

/** What a variable says, or the file that `NAME_FILE` names, and which of the two it was. */
function valueOrFile(
  name: string,
  value: string | undefined,
  file: string | undefined,
): [string, string | undefined] {
  if (value !== undefined || file === undefined) return [name, value];
  try {
    return [`${name}_FILE`, readFileSync(file, 'utf8').trim()];
  } catch (error) {
    throw new ConfigError(`${name}_FILE: ${(error as Error).message}`);
  }
}
