/** Stopping while people are at the door. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mock, test } from 'node:test';
import pg from 'pg';
import { WebSocket } from 'ws';
import { farewellLimits } from '../src/server/doors/farewell.ts';
import { atEnd } from './support/at-end.ts';
import { emptyDatabase } from './support/backups.ts';
import { DatabaseLine } from './support/database-line.ts';
import { register, request, TestSocket } from './support/people.ts';
import { ownServer, spawnServer } from './support/server.ts';
import { eventually, within } from './support/waiting.ts';

test('who is in the middle of the handshake when the server stops is refused, and doesn’t keep it from stopping', async t => {
  const server = await ownServer(t);
  const ana = await register(server.url, 'ana');
  const [blocker, watcher] = [new pg.Client(server.databaseUrl), new pg.Client(server.databaseUrl)];
  atEnd(t, () => Promise.all([blocker.end(), watcher.end()]));
  await Promise.all([blocker.connect(), watcher.connect()]);
  await blocker.query('begin; lock table logins in access exclusive mode');
  const late = Array.from({ length: 5 }, () => new TestSocket(server.url, ana.token));
  const refusals = late.map(socket => assert.rejects(socket.closed, /503/));
  await eventually('they wait for the database', async () => {
    const { rows } = await watcher.query(
      "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows[0].count >= late.length;
  });
  const stopped = server.close();
  await blocker.query('rollback');
  await Promise.all([blocker.end(), watcher.end()]);
  await within('the server stops', stopped);
  await Promise.all(refusals);
});

test('who doesn’t answer the goodbye is cut off', async t => {
  const server = await ownServer(t);
  const ana = await register(server.url, 'ana');
  const silent = await TestSocket.live(server.url, ana.token);
  silent.socket.pause();
  await within('the server stops', server.close());
  silent.socket.resume();
  await silent.closed;
});

test('while sockets are sent away the server says that it isn’t ready, also to who comes anew, and admits nobody', async t => {
  const server = await ownServer(t);
  const ana = await register(server.url, 'ana');
  const silent = await TestSocket.live(server.url, ana.token);
  // It doesn't answer the goodbye, and so is waited for: here as long as the test takes.
  silent.socket.pause();
  mock.timers.enable({ apis: ['setTimeout'] });
  atEnd(t, () => mock.timers.reset());
  let isStopped = false;
  const stopped = server.close().then(() => {
    isStopped = true;
  });
  for (let asked = 0; asked < 3; asked += 1) {
    const { status, body } = await request(server.url, 'GET', '/readyz?verbose', {
      headers: { connection: 'close' },
    });
    assert.equal(status, 503);
    assert.equal((body as { checks: { accepting: boolean } }).checks.accepting, false);
  }
  assert.equal((await request(server.url, 'GET', '/rooms', { token: ana.token })).status, 200);
  const late = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, ['papo.v1', `bearer.${ana.token}`]);
  const [, refusal] = await once(late, 'unexpected-response');
  assert.deepEqual([refusal.statusCode, refusal.headers['retry-after']], [503, '1']);
  assert.equal(isStopped, false);
  await eventually('the server stops', () => {
    mock.timers.tick(1_000);
    return isStopped;
  });
  await stopped;
  await assert.rejects(request(server.url, 'GET', '/readyz'));
  silent.socket.resume();
  await silent.closed;
});

test('[SOCK-20] a thousand connections are sent away in turn, each with a delay of its own, and the process ends with 0', async t => {
  const database = await emptyDatabase(t);
  const server = await spawnServer({ DATABASE_URL: database.url });
  atEnd(t, () => server.end('SIGKILL'));
  const [people, each] = [20, 50];
  const sockets: TestSocket[] = [];
  for (let person = 0; person < people; person += 1) {
    const { token } = await register(server.url, `person-${person}`);
    const theirs = Array.from({ length: each }, () => TestSocket.live(server.url, token));
    sockets.push(...(await Promise.all(theirs)));
  }
  // Those who came last go last: they ask until they are closed.
  const last = sockets.slice(-each);
  const asking = last.map(async socket => {
    for (;;) await socket.call('ping', {});
  });
  const asked = Promise.allSettled(asking);
  assert.equal(await within('the process ends', server.end('SIGTERM')), 0);
  await asked;
  const isServedOn = ({ frames }: TestSocket) => {
    const told = frames.findIndex(frame => 'event' in frame && frame.event === 'draining');
    return frames.slice(told).some(frame => 'ref' in frame);
  };
  assert.ok(last.some(isServedOn), 'until its turn comes each is served as before');
  const closes = await Promise.all(sockets.map(socket => socket.closed));
  assert.deepEqual(new Set(closes.map(({ code }) => code)), new Set([1012]));
  const delays = sockets.map(({ events }) => {
    const told = events.filter(event => event.event === 'draining');
    assert.equal(told.length, 1);
    return told[0]?.reconnectInMs ?? Number.NaN;
  });
  const spreadMs = Math.min(farewellLimits.maxSpreadMs, farewellLimits.betweenMs * sockets.length);
  const longestMs = spreadMs + farewellLimits.maxReturnSpreadMs;
  assert.ok(delays.every(ms => ms >= 0 && ms <= longestMs));
  assert.ok(new Set(delays).size > sockets.length / 2, `${new Set(delays).size} different delays`);
});

test('a second signal ends the process at once', async t => {
  const database = await emptyDatabase(t);
  const server = await spawnServer({ DATABASE_URL: database.url });
  atEnd(t, () => server.end('SIGKILL'));
  const { hostname, port } = new URL(server.url);
  const slow = connect(Number(port), hostname);
  atEnd(t, () => slow.destroy());
  await once(slow, 'connect');
  // A request on its way is what the server waits for longest.
  slow.write('GET /livez HTTP/1.1\r\nHost: papo\r\n\r\nGET /livez HTTP/1.1\r\n');
  await once(slow, 'data');
  server.process.kill('SIGTERM');
  await eventually('it has heard the first one', () =>
    server.output.some(line => line.includes('papo is stopping')),
  );
  // Two signals in one instant are one.
  await eventually('it is gone', () => {
    server.process.kill('SIGTERM');
    return server.process.exitCode !== null;
  });
  assert.equal(await server.end('SIGTERM'), 1);
  assert.ok(!server.output.some(line => line.includes('papo has stopped')));
});

test('a database that hangs doesn’t keep the process from stopping', async t => {
  const database = await emptyDatabase(t);
  const line = await DatabaseLine.to(database);
  atEnd(t, () => line.close());
  const server = await spawnServer({ DATABASE_URL: line.url });
  atEnd(t, () => server.end('SIGKILL'));
  await register(server.url, 'ana');
  line.hang();
  assert.equal(await within('the process ends', server.end('SIGTERM')), 0);
});

test('a signal that comes while the program is being loaded is heard, and nothing is started', async t => {
  const signalsItself = `import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        if (url.endsWith('/server/config.ts')) process.kill(process.pid, 'SIGTERM');
        return next(url, context);
      },
    });`;
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(signalsItself)}`, 'src/server/main.ts'],
    // Nobody listens there: whoever tried to start would fail.
    { env: { ...process.env, PORT: '0', DATABASE_URL: 'postgres://127.0.0.1:1/none' }, stdio: 'pipe' },
  );
  atEnd(t, () => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', text => {
    output += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
  assert.match(output, /papo is stopping[\s\S]*papo has stopped before it was ready/);
});
