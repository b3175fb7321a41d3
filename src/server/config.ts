/** What the server is told at its start, read once. A bad value stops the start with the name of what was used. */
import { resolve } from 'node:path';
import type { LogLevel } from './log.ts';
import { ConfigError } from './settings/error.ts';
import { gather, type Sources } from './settings/sources.ts';
import { type Address, type SettingName, Settings } from './settings/table.ts';

export type { Address };
export { ConfigError };

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
  logLevel: LogLevel;
};

/** @throws ConfigError */
export function readConfig(sources: Sources): Config {
  const given = gather(sources);
  const parsed = Settings.safeParse(Object.fromEntries([...given].map(([name, { value }]) => [name, value])));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = issue?.path[0] as SettingName;
    throw new ConfigError(`${given.get(name)?.by ?? name}: ${issue?.message}`);
  }
  const values = parsed.data;
  const { PAPO_ADMIN: username, PAPO_ADMIN_PASSWORD: password } = values;
  if (password !== undefined && username === undefined) {
    throw new ConfigError(`${given.get('PAPO_ADMIN_PASSWORD')?.by}: PAPO_ADMIN must name whose it is`);
  }
  return {
    port: values.PORT,
    host: values.HOST,
    databaseUrl: values.DATABASE_URL,
    dataDir: resolve(values.PAPO_DATA_DIR),
    secret: values.PAPO_SECRET,
    tokenTtlSeconds: values.PAPO_TOKEN_TTL,
    origins: values.PAPO_ORIGINS,
    defaultRooms: values.PAPO_DEFAULT_ROOMS,
    administrator: username === undefined ? undefined : { username, password },
    rateLimits: values.PAPO_RATE_LIMITS === 'on',
    trustedProxies: values.PAPO_TRUSTED_PROXIES,
    metricsAddress: values.PAPO_METRICS_ADDR,
    logLevel: values.PAPO_LOG_LEVEL,
  };
}
