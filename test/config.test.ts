/** Settings: what the environment may say, and what happens when it says something wrong. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { ConfigError, knownVariables, readConfig } from '../src/server/config.ts';
import { unknownVariables } from '../src/server/unknown-variables.ts';

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
  test(`${name}=${value.slice(0, 30)} stops the start with the variable's name`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      error => error instanceof ConfigError && error.message.startsWith(`${name}: `),
    );
  });
}

test('a variable that papo doesn’t know is told, with the name that may be meant', () => {
  const environment = {
    PAPO_ORIGIN: 'x',
    PAPO_LOGLEVEL: 'x',
    PAPO_WEATHER_FORECAST: 'x',
    PORT: '1',
    PAPO_SECRET: '',
  };
  assert.deepEqual(unknownVariables(environment, knownVariables), [
    'PAPO_ORIGIN is not a setting of papo: is PAPO_ORIGINS meant?',
    'PAPO_LOGLEVEL is not a setting of papo: is PAPO_LOG_LEVEL meant?',
    'PAPO_WEATHER_FORECAST is not a setting of papo',
  ]);
});
