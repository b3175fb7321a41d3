/** Every setting of papo, once: its name in the environment, what it may be, its default, and what it is for. */
import { z } from 'zod';
import { Password, RoomName, Username } from '../../contract/objects.ts';
import { logLevels } from '../log.ts';

/** Where to listen: `host` without the brackets of IPv6. */
export type Address = { host: string; port: number };

export const minSecretBytes = 32;

const list = (value: string) =>
  value
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '');

const wholeNumber = z.coerce.number('must be a number').int('must be a whole number');
const origin = z.url().transform(url => new URL(url).origin);
const addressOrRange = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'must be addresses like 10.0.0.1 or ranges like 10.0.0.0/8',
);

/** The descriptions stand in the README; in Portuguese they are in `tools/settings.pt-BR.ts`. */
export const Settings = z.object({
  PORT: wholeNumber.min(0).max(65_535).default(8080).describe('port where it listens'),
  HOST: z.string().default('127.0.0.1').describe('address where it listens; `0.0.0.0` is all of them'),
  DATABASE_URL: z
    .string()
    .regex(/^(postgres|postgresql|socket):/, 'must start with postgres://')
    .optional()
    .describe('a PostgreSQL (15 or later) of yours; without it papo runs its own'),
  PAPO_DATA_DIR: z.string().default('./data').describe('where papo’s own PostgreSQL keeps its data'),
  PAPO_SECRET: z
    .string()
    .refine(secret => Buffer.byteLength(secret) >= minSecretBytes, `must be at least ${minSecretBytes} bytes`)
    .optional()
    .describe(
      `signs tokens, at least ${minSecretBytes} bytes; without it one is made and kept in the database`,
    ),
  PAPO_TOKEN_TTL: wholeNumber.min(10).max(86_400).default(900).describe('seconds that a token is valid'),
  PAPO_ORIGINS: z
    .string()
    .transform(list)
    .pipe(z.array(origin))
    .default([])
    .describe('origins of other pages that may connect, separated by commas'),
  PAPO_DEFAULT_ROOMS: z
    .string()
    .transform(list)
    .pipe(z.array(RoomName).max(20))
    .default(['general'])
    .describe('public rooms that exist, and that new users are in, separated by commas; empty for none'),
  PAPO_ADMIN: Username.optional().describe('a user who is made an administrator at the start'),
  PAPO_ADMIN_PASSWORD: Password.optional().describe(
    'makes the account of `PAPO_ADMIN` with this password, where there is none',
  ),
  PAPO_RATE_LIMITS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('`off` lifts all limits on how often and how many connections, for load tests'),
  PAPO_TRUSTED_PROXIES: z
    .string()
    .transform(list)
    .pipe(z.array(addressOrRange))
    .default([])
    .describe(
      'addresses and ranges of your proxies, separated by commas: their `X-Forwarded-For` and `X-Forwarded-Host` are believed',
    ),
  PAPO_METRICS_ADDR: z
    .string()
    .default('127.0.0.1:9464')
    .transform(readAddress)
    .describe('where Prometheus reads `/metrics`; `off` for nowhere. Nobody is asked for a token there'),
  PAPO_LOG_LEVEL: z.enum(logLevels).default('info').describe('`fatal` to `trace`, or `silent`'),
});

export type SettingName = keyof typeof Settings.shape;

export const settingNames = Object.keys(Settings.shape) as SettingName[];

/** These are no flags, which other users of the machine could read; each may be in the file that `NAME_FILE` names. */
export const secretSettings: readonly SettingName[] = ['DATABASE_URL', 'PAPO_SECRET', 'PAPO_ADMIN_PASSWORD'];

/** Of these, empty is a value of its own: "no default rooms", "no metrics". */
export const mayBeEmpty: readonly SettingName[] = ['PAPO_DEFAULT_ROOMS', 'PAPO_METRICS_ADDR'];

export function describe(name: SettingName): string {
  return Settings.shape[name].description ?? '';
}

/** As one would write it; empty where there is none. */
export function defaultOf(name: SettingName): string {
  const value = Settings.parse({})[name];
  if (typeof value !== 'object') return String(value ?? '');
  return 'host' in value ? `${value.host}:${value.port}` : value.join(',');
}

/** `PAPO_DATA_DIR` is `--data-dir`; of a secret, its file: `--secret-file`. */
export function flagOf(name: SettingName): string {
  const variable = secretSettings.includes(name) ? `${name}_FILE` : name;
  return `--${variable
    .replace(/^PAPO_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

function readAddress(value: string, context: z.RefinementCtx): Address | undefined {
  if (value === '' || value === 'off') return undefined;
  const [, inBrackets, name, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(value) ?? [];
  const [host, port] = [inBrackets ?? name, Number(digits)];
  if (host !== undefined && port <= 65_535) return { host, port };
  context.addIssue('must be an address like 127.0.0.1:9464, or off');
  return z.NEVER;
}
