/** `papo doctor`: each finding provoked, and what is well left alone. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { lookAtDatabase } from '../src/cli/doctor/database.ts';
import type { Finding } from '../src/cli/doctor/finding.ts';
import { lookAtMachine } from '../src/cli/doctor/machine.ts';
import { certificateFinding, lookAtSite } from '../src/cli/doctor/site.ts';
import { readConfig } from '../src/server/config.ts';
import { emptyDatabase, scratchFolder, silent } from './support/backups.ts';
import { fillFirstSchema } from './support/first-schema.ts';
import { papo } from './support/papo.ts';
import { startPostgres } from './support/postgres.ts';
import { startServer } from './support/server.ts';

const limit = { timeout: 60_000 };
const config = readConfig({ environment: {} });

/** `check: state`, for all that isn't well. */
function wrong(findings: readonly Finding[]): string[] {
  for (const { state, fix } of findings) assert.equal(fix === undefined, state === 'ok');
  return findings.filter(({ state }) => state !== 'ok').map(({ check, state }) => `${check}: ${state}`);
}

function said(findings: readonly Finding[], check: string): string {
  return findings.find(finding => finding.check === check)?.says ?? '';
}

async function query(connection: pg.ClientConfig, ...statements: string[]): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

test('a database that is well has nothing wrong, with a server and without one', limit, async t => {
  const database = await emptyDatabase(t);
  const without = await lookAtDatabase(database.connection, silent);
  assert.deepEqual(wrong(without), []);
  assert.match(said(without, 'server'), /^none/);
  assert.match(said(without, 'migrations'), /to come .*0001/);
  const server = await startServer({}, database.url);
  t.after(() => server.close());
  const beside = await lookAtDatabase(database.connection, silent);
  assert.deepEqual(wrong(beside), []);
  assert.match(said(beside, 'server'), /^a papo server/);
  assert.match(said(beside, 'migrations'), /up to date/);
});

test(
  'a database of an earlier papo is told what is to come, one of a newer papo that it is',
  limit,
  async t => {
    const database = await emptyDatabase(t);
    await fillFirstSchema(database.connection);
    const older = await lookAtDatabase(database.connection, silent);
    assert.deepEqual(wrong(older), []);
    assert.match(said(older, 'migrations'), /^to come when the server starts: 0002/);
    await query(database.connection, "insert into kysely_migration values ('9999-not-yet', now()::text)");
    const newer = await lookAtDatabase(database.connection, silent);
    assert.deepEqual(wrong(newer), ['migrations: problem']);
  },
);

test(
  'a database that could lose messages, has no connections left or does not let us in is a problem',
  limit,
  async t => {
    const postgres = await startPostgres();
    t.after(() => postgres.process.end());
    const { connection } = postgres;
    const others: pg.Client[] = [];
    await query(
      connection,
      'alter system set fsync = off',
      'alter system set synchronous_commit = off',
      'select pg_reload_conf()',
    );
    const losing = await lookAtDatabase(connection, silent);
    assert.deepEqual(wrong(losing), ['fsync: problem', 'synchronous_commit: problem']);
    await query(connection, 'alter system reset all', 'select pg_reload_conf()');

    // Another database than the one that a server of the test support holds: there a whole server needs room.
    const unclaimed = { ...connection, database: 'postgres' };
    assert.deepEqual(wrong(await lookAtDatabase(unclaimed, silent)), []);
    const crowd = 85;
    for (let at = 0; at < crowd; at += 1) {
      const other = new pg.Client(connection);
      await other.connect();
      others.push(other);
    }
    const crowded = await lookAtDatabase(unclaimed, silent);
    assert.deepEqual(wrong(crowded), ['connections: problem']);
    for (const other of others) await other.end();

    const stranger = await lookAtDatabase({ ...connection, password: 'not it' }, silent);
    assert.deepEqual(wrong(stranger), ['database: problem']);
    assert.match(stranger[0]?.fix ?? '', /password/);
    const missing = await lookAtDatabase({ ...connection, database: 'nowhere' }, silent);
    assert.match(missing[0]?.fix ?? '', /createdb/);
    const away = await lookAtDatabase({ host: 'localhost', port: 1 }, silent);
    assert.match(away[0]?.says ?? '', /ECONNREFUSED/);
  },
);

test('what the machine lacks is told', () => {
  const well = { node: '26.1.0', descriptors: 65_536, memoryBytes: 2 ** 32 };
  assert.deepEqual(wrong(lookAtMachine(well, config)), []);
  const poor = { node: '22.9.0', descriptors: 1_024, memoryBytes: 2 ** 28 };
  assert.deepEqual(wrong(lookAtMachine(poor, config)), [
    'node: problem',
    'descriptors: warning',
    'memory: warning',
  ]);
  const guessable = readConfig({ environment: { PAPO_SECRET: 'changeme'.repeat(4) } });
  assert.deepEqual(wrong(lookAtMachine(well, guessable)), ['PAPO_SECRET: problem']);
  const random = readConfig({ environment: { PAPO_SECRET: 'b3c9c5a2f00e41d78b6a9f3d2c1e4a57' } });
  assert.deepEqual(wrong(lookAtMachine(well, random)), []);
});

test('a certificate is a problem when it has expired or is not trusted, and a warning when it soon will', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  const judged = (valid_to: string, fault?: Error) => certificateFinding({ valid_to }, fault, now).state;
  assert.equal(judged('Sep  1 00:00:00 2026 GMT'), 'ok');
  assert.equal(judged('Jun 10 00:00:00 2026 GMT'), 'warning');
  assert.equal(judged('May 31 00:00:00 2026 GMT'), 'problem');
  assert.equal(judged('Sep  1 00:00:00 2026 GMT', new Error('DEPTH_ZERO_SELF_SIGNED_CERT')), 'problem');
});

/** Something that passes requests on to a server as it likes. */
async function proxy(
  t: TestContext,
  target: string,
  options: {
    upgrades: boolean;
    host?: string;
    answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
  },
): Promise<URL> {
  const { upgrades, host, answer = () => false } = options;
  const door = createServer((request, response) => {
    if (answer(request, response)) return;
    const { connection, upgrade, ...headers } = request.headers;
    const onward = requestHttp(target + request.url, {
      method: request.method,
      headers: { ...headers, ...(host && { host }) },
    });
    onward.on('response', from => {
      response.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(response);
    });
    request.pipe(onward);
  });
  if (upgrades) {
    door.on('upgrade', (request, socket) => {
      const headers = { ...request.headers, ...(host && { host }) };
      const onward = requestHttp(target + request.url, { headers, agent: false });
      onward.on('response', from => {
        const lines = Object.entries(from.headers).map(([name, value]) => `${name}: ${value}`);
        socket.write(
          `${[`HTTP/1.1 ${from.statusCode} ${from.statusMessage}`, ...lines].join('\r\n')}\r\n\r\n`,
        );
        from.pipe(socket);
      });
      onward.end();
    });
  }
  door.listen(0, '127.0.0.1');
  await new Promise(resolve => door.once('listening', resolve));
  t.after(() => {
    door.close();
    door.closeAllConnections();
  });
  return new URL(`http://127.0.0.1:${(door.address() as AddressInfo).port}`);
}

test('a server is well by itself, and behind a proxy that passes all of it on', limit, async t => {
  const server = await startServer();
  t.after(() => server.close());
  const checks = (await lookAtSite(new URL(server.url), config, true)).map(({ check }) => check);
  for (const check of [
    'site',
    'version',
    'readiness',
    'websocket',
    'origin',
    'metrics',
    'clock of the site',
  ]) {
    assert.ok(checks.includes(check), check);
  }
  assert.deepEqual(wrong(await lookAtSite(new URL(server.url), config, true)), []);
  const faithful = await proxy(t, server.url, { upgrades: true });
  assert.deepEqual(wrong(await lookAtSite(faithful, config, true)), []);
});

test(
  'a proxy that drops Upgrade, answers itself, or hides the host is told apart, each with its fix',
  limit,
  async t => {
    const server = await startServer();
    t.after(() => server.close());
    const findingsBehind = async (options: Parameters<typeof proxy>[2]) =>
      lookAtSite(await proxy(t, server.url, options), config, true);

    const dropping = await findingsBehind({ upgrades: false });
    assert.deepEqual(wrong(dropping), ['websocket: problem']);
    assert.match(said(dropping, 'websocket'), /drops Upgrade/);

    const answering = await findingsBehind({
      upgrades: false,
      answer: ({ url }, response) => {
        if (url !== '/ws') return false;
        response.writeHead(502, { Server: 'nginx' }).end('<html>');
        return true;
      },
    });
    assert.deepEqual(wrong(answering), ['websocket: problem']);
    assert.match(said(answering, 'websocket'), /502 by nginx/);

    const hiding = await findingsBehind({ upgrades: true, host: 'papo.internal:8080' });
    assert.deepEqual(wrong(hiding), ['origin: problem']);
    assert.match(
      hiding.find(({ check }) => check === 'origin')?.fix ?? '',
      /X-Forwarded-Host.*PAPO_TRUSTED_PROXIES.*PAPO_ORIGINS/,
    );
  },
);

test(
  'another version, a server that is not ready, metrics for everyone and a wrong clock are told',
  limit,
  async t => {
    const server = await startServer();
    t.after(() => server.close());
    const odd = await proxy(t, server.url, {
      upgrades: true,
      answer: ({ url }, response) => {
        if (url === '/version') response.end('{"version":"0.0.1"}');
        else if (url === '/metrics') response.end('papo_connections 1\n');
        else if (url === '/livez')
          response.setHeader('Date', 'Thu, 01 Jan 2026 00:00:00 GMT').end('{"live":true}');
        else if (url === '/readyz?verbose')
          response.writeHead(503).end('{"ready":false,"checks":{"database":false,"accepting":true}}');
        else return false;
        return true;
      },
    });
    const findings = await lookAtSite(odd, config, true);
    assert.deepEqual(wrong(findings), [
      'version: warning',
      'readiness: problem',
      'metrics: problem',
      'clock of the site: warning',
    ]);
    assert.match(said(findings, 'readiness'), /not ready: database$/);
  },
);

test('nobody at an address that was named is a problem, and something else than papo is', limit, async t => {
  const nowhere = new URL('http://127.0.0.1:1');
  assert.deepEqual(wrong(await lookAtSite(nowhere, config, true)), ['site: problem']);
  assert.deepEqual(wrong(await lookAtSite(nowhere, config, false)), []);
  const other = await proxy(t, 'http://127.0.0.1:1', {
    upgrades: false,
    answer: (_request, response) => Boolean(response.end('hello')),
  });
  assert.deepEqual(wrong(await lookAtSite(other, config, true)), ['site: problem']);
});

test('of an answer without an end no more is read than papo would say', limit, async t => {
  const chunk = Buffer.alloc(16 * 1024, 'x');
  let written = 0;
  const endless = await proxy(t, 'http://127.0.0.1:1', {
    upgrades: false,
    answer: (_request, response) => {
      const go = () => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', go);
      go();
      return true;
    },
  });
  const findings = await lookAtSite(endless, config, true);
  assert.match(said(findings, 'site'), /answered by something else than papo \(200\)/);
  // What the kernels of both ends hold is written, too.
  assert.ok(written > 0 && written < 64 * 1024 * 1024, `${written} bytes`);
});

test(
  'papo doctor ends with 0 where all is well and with 1 where something is to be mended',
  limit,
  async t => {
    const [database, folder] = [await emptyDatabase(t), await scratchFolder(t)];
    const server = await startServer({}, database.url);
    t.after(() => server.close());
    const well = await papo(['doctor', server.url, '--json'], { DATABASE_URL: database.url });
    assert.equal(well.code, 0, well.out + well.complaint);
    assert.equal(JSON.parse(well.out).well, true);
    const own = await papo(['doctor', '--port', '1', '--data-dir', join(folder, 'data')]);
    assert.equal(own.code, 0, own.out + own.complaint);
    assert.match(own.out, /^ok {7}disk: \d+ MiB free/m);
    assert.match(own.out, /^ok {7}database: papo makes its own/m);
    const ill = await papo(['doctor', '--port', '1'], {
      DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/papo',
    });
    assert.equal(ill.code, 1);
    assert.match(ill.out, /^problem {2}database: .*ECONNREFUSED.*\n {9}See that PostgreSQL runs/m);
    assert.ok(!ill.out.includes('hidden'));
    assert.equal((await papo(['doctor', 'chat.example'])).code, 2);
  },
);
