/** Settings: what the environment may say, and what happens when it says something wrong. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Config, ConfigError, readConfig as read } from '../src/server/config.ts';
import { explainSettings } from '../src/server/settings/explain.ts';
import { readDotEnv, type Values } from '../src/server/settings/sources.ts';
import { flagOf, settingNames } from '../src/server/settings/table.ts';
import { unknownVariables } from '../src/server/settings/unknown.ts';
import { atEnd } from './support/at-end.ts';

const readConfig = (environment: Values): Config => read({ environment });

test('nothing set is a server of its own on this machine', () => {
  assert.deepEqual(readConfig({}), {
    port: 8080,
    host: '127.0.0.1',
    databaseUrl: undefined,
    dataDir: resolve('./data'),
    secret: undefined,
    tokenTtlSeconds: 900,
    origins: [],
    defaultRooms: ['general'],
    administrator: undefined,
    rateLimits: true,
    trustedProxies: [],
    metricsAddress: { host: '127.0.0.1', port: 9464 },
    logLevel: 'info',
  });
});

test('lists are separated by commas; an empty list of default rooms means none', () => {
  const origins = 'https://a.example/, http://b.example:8080';
  const config = readConfig({ PAPO_DEFAULT_ROOMS: 'lobby, help', PAPO_ORIGINS: origins });
  assert.deepEqual(config.defaultRooms, ['lobby', 'help']);
  assert.deepEqual(config.origins, ['https://a.example', 'http://b.example:8080']);
  assert.deepEqual(readConfig({ PAPO_DEFAULT_ROOMS: '' }).defaultRooms, []);
});

test('a variable that is set to nothing is not set', () => {
  const config = readConfig({ PORT: '', DATABASE_URL: '', PAPO_SECRET: '' });
  assert.deepEqual([config.port, config.databaseUrl, config.secret], [8080, undefined, undefined]);
});

test('a secret may come from a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'papo-config-'));
  const file = join(folder, 'secret');
  await writeFile(file, `${'s'.repeat(32)}\n`);
  assert.equal(readConfig({ PAPO_SECRET_FILE: file }).secret, 's'.repeat(32));
  await writeFile(file, 'short');
  assert.throws(
    () => readConfig({ PAPO_SECRET_FILE: file }),
    /^Error: PAPO_SECRET_FILE: must be at least 32 bytes/,
  );
  await rm(folder, { recursive: true });
  assert.throws(() => readConfig({ PAPO_SECRET_FILE: file }), /PAPO_SECRET_FILE: .*no such file/);
});

test('metrics have an address, or none', () => {
  assert.deepEqual(readConfig({ PAPO_METRICS_ADDR: '[::1]:9000' }).metricsAddress, {
    host: '::1',
    port: 9000,
  });
  assert.equal(readConfig({ PAPO_METRICS_ADDR: '' }).metricsAddress, undefined);
  assert.equal(readConfig({ PAPO_METRICS_ADDR: 'off' }).metricsAddress, undefined);
});

test("the database's address may come from a file; one in the environment comes first", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'papo-config-'));
  const file = join(folder, 'database-url');
  await writeFile(file, 'postgres://papo:secret@database/papo\n');
  assert.equal(readConfig({ DATABASE_URL_FILE: file }).databaseUrl, 'postgres://papo:secret@database/papo');
  const both = readConfig({ DATABASE_URL: 'postgres://elsewhere/papo', DATABASE_URL_FILE: file });
  assert.equal(both.databaseUrl, 'postgres://elsewhere/papo');
  await writeFile(file, 'mysql://papo:secret@database/papo');
  assert.throws(
    () => readConfig({ DATABASE_URL_FILE: file }),
    /^Error: DATABASE_URL_FILE: must start with postgres:\/\/$/,
  );
  await rm(folder, { recursive: true });
  assert.throws(() => readConfig({ DATABASE_URL_FILE: file }), /DATABASE_URL_FILE: .*no such file/);
});

test('a flag comes before the environment, that before .env, and that before the default', () => {
  const [flags, environment, dotEnv] = [{ PORT: '1' }, { PORT: '2', HOST: 'b' }, { PORT: '3', HOST: 'c' }];
  const sources = { flags, environment, dotEnv: { ...dotEnv, PAPO_TOKEN_TTL: '60' } };
  const { port, host, tokenTtlSeconds, logLevel } = read(sources);
  assert.deepEqual([port, host, tokenTtlSeconds, logLevel], [1, 'b', 60, 'info']);
  const origins = new Map(explainSettings(sources).map(({ name, from }) => [name, from]));
  assert.deepEqual(
    ['PORT', 'HOST', 'PAPO_TOKEN_TTL', 'PAPO_LOG_LEVEL'].map(name => origins.get(name as 'PORT')),
    ['flag', 'environment', '.env', 'default'],
  );
});

test('what is set to nothing in one place is taken from the next', () => {
  assert.equal(read({ environment: { PORT: '' }, dotEnv: { PORT: '3' } }).port, 3);
  assert.deepEqual(
    read({ environment: { PAPO_DEFAULT_ROOMS: '' }, dotEnv: { PAPO_DEFAULT_ROOMS: 'lobby' } }).defaultRooms,
    [],
  );
});

test('[abuse 46] a bad value is told by the name of what was used', () => {
  const faults = [
    [{ flags: { PAPO_TOKEN_TTL: '0' }, environment: { PAPO_TOKEN_TTL: '60' } }, '--token-ttl: '],
    [{ environment: {}, dotEnv: { PORT: 'http' } }, 'PORT in .env: '],
    [{ flags: { PAPO_SECRET_FILE: '/nowhere' }, environment: {} }, '--secret-file: '],
    [{ environment: {}, dotEnv: { PAPO_SECRET: 'short' } }, 'PAPO_SECRET in .env: '],
  ] as const;
  for (const [sources, beginning] of faults) {
    assert.throws(
      () => read(sources),
      error => error instanceof ConfigError && error.message.startsWith(beginning),
    );
  }
});

test('.env is read as Node reads it, may be missing, and must not be unreadable', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'papo-config-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const path = join(folder, '.env');
  assert.deepEqual(readDotEnv(path), {});
  await writeFile(path, '# a comment\nexport PORT=9000\nPAPO_DEFAULT_ROOMS="a, b"\n');
  assert.deepEqual({ ...readDotEnv(path) }, { PORT: '9000', PAPO_DEFAULT_ROOMS: 'a, b' });
  assert.throws(() => readDotEnv(folder), ConfigError);
});

test('a secret is never a flag: its file is', () => {
  const flags = settingNames.map(flagOf);
  assert.equal(new Set(flags).size, settingNames.length);
  assert.deepEqual(
    flags.filter(flag => /secret|database/.test(flag)),
    ['--database-url-file', '--secret-file'],
  );
});

for (const [name, value] of [
  ['PORT', 'http'],
  ['PORT', '65536'],
  ['DATABASE_URL', 'mysql://localhost/papo'],
  ['PAPO_SECRET', 'too short'],
  ['PAPO_TOKEN_TTL', '0'],
  ['PAPO_ORIGINS', 'not a url'],
  ['PAPO_DEFAULT_ROOMS', 'x'.repeat(81)],
  ['PAPO_LOG_LEVEL', 'loud'],
  ['PAPO_METRICS_ADDR', '9464'],
  ['PAPO_METRICS_ADDR', '127.0.0.1:65536'],
  ['PAPO_RATE_LIMITS', 'no'],
  ['PAPO_TRUSTED_PROXIES', '10.0.0.0/33'],
] as const) {
  test(`[abuse 46] ${name}=${value.slice(0, 30)} stops the start with the variable's name`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      error => error instanceof ConfigError && error.message.startsWith(`${name}: `),
    );
  });
}

test('[abuse 46] a variable that papo doesn’t know is told, with the name that may be meant', () => {
  const environment = {
    PAPO_ORIGIN: 'x',
    PAPO_LOGLEVEL: 'x',
    PAPO_WEATHER_FORECAST: 'x',
    PORT: '1',
    PAPO_SECRET: '',
    PAPO_SECRET_FILE: '',
  };
  // The last is for compose.yaml, which reads the same file.
  const dotEnv = { PAPO_ORIGIN: 'x', GRAFANA_PORT: '3000', PAPO_PORT: '80' };
  assert.deepEqual(unknownVariables({ environment, dotEnv }), [
    'PAPO_ORIGIN is not a setting of papo: is PAPO_ORIGINS meant?',
    'PAPO_LOGLEVEL is not a setting of papo: is PAPO_LOG_LEVEL meant?',
    'PAPO_WEATHER_FORECAST is not a setting of papo',
    'PAPO_ORIGIN in .env is not a setting of papo: is PAPO_ORIGINS meant?',
  ]);
});
