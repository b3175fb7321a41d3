/** A real Prometheus watches a real papo at work: the dashboard has something to show, and the numbers are true. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import { WebSocket } from 'ws';
import { closeCodes } from '../src/contract/codes.ts';
import { limits, rates } from '../src/contract/limits.ts';
import { ChatClient, register } from '../src/sdk/index.ts';
import { Prometheus, withoutPrometheus } from '../tools/prometheus.ts';
import { countingSocket, type Tally } from './support/counting-socket.ts';
import { readMetrics } from './support/metrics-page.ts';
import { AnswerError, password, request, TestSocket } from './support/people.ts';
import { createDatabase } from './support/postgres.ts';
import { spawnServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

const people = 6;
const messagesEach = 30;
/** Messages that make a connection that isn't read slow; there are fewer when it is closed before. */
const maxLongMessages = 2_000;

const { panels } = JSON.parse(readFileSync('deploy/grafana/dashboards/papo.json', 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[];
};

/** Grafana's variables, as it would fill them in. */
const filledIn = (expr: string) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');

/** What an alert compares, without the numbers and as of now. */
function compared(expr: string): string[] {
  const now = expr.replaceAll(/ offset \w+/g, '');
  return now.split(/\s+(?:and|or|unless|==|<=|>|<)\s+/).filter(part => !/^[\d.]+$/.test(part));
}

const heard = ({ rooms }: ChatClient) =>
  [...rooms.values()].reduce((sum, { messages }) => sum + messages.length, 0);

// Where all of this must be tested, it is not skipped: it fails.
const skip = process.env['CI'] === undefined ? withoutPrometheus() : false;

test('every panel and every alert has its numbers, and they are those of what was done', {
  skip,
  timeout: 120_000,
}, async t => {
  const database = await createDatabase();
  t.after(() => database.drop());
  const server = await spawnServer({
    DATABASE_URL: database.url,
    PAPO_METRICS_ADDR: '127.0.0.1:0',
    PAPO_RATE_LIMITS: 'on',
  });
  t.after(() => server.end('SIGTERM'));
  const { url } = server;
  const prometheus = await Prometheus.watch(server.metricsUrl ?? '');
  t.after(() => prometheus.stop());
  const value = async (expr: string) => (await prometheus.query(expr))[0]?.points[0]?.[1];
  // Of a series that begins with the load, Prometheus can't see the increase.
  await prometheus.hasSeen();

  const tally: Tally = { connections: 0, changes: 0 };
  const names = Array.from({ length: people }, (_, index) => `person-${index}`);
  const grants = await Promise.all(names.map(username => register(url, { username, password })));
  const clients = grants.map(grant => new ChatClient({ url, grant, WebSocket: countingSocket(tally) }));
  t.after(() => {
    for (const client of clients) client.close();
  });
  await Promise.all(clients.map(client => client.connect()));
  const [ana, bruno] = clients;
  const [token = '', otherToken = ''] = grants.map(grant => grant.token);
  assert.ok(ana && bruno);
  const rooms: string[] = [];
  for (const name of ['tea', 'coffee', 'water']) {
    rooms.push((await ana.call('room.create', { name })).room.id);
    for (const client of clients.slice(1)) await client.call('room.join', { room: rooms.at(-1) ?? '' });
  }

  await t.test('talk, and someone who comes back to it', async () => {
    const talk = clients.flatMap((client, who) =>
      Array.from({ length: messagesEach }, (_, index) => {
        const room = rooms[(who + index) % rooms.length] ?? '';
        return client.send(room, `${who} ${index}`).done;
      }),
    );
    await Promise.all(talk);
    // What comes to a socket that is closing is not heard.
    await eventually('everyone has heard everything', () =>
      clients.every(client => heard(client) === talk.length),
    );
    bruno.close();
    await eventually('bruno is away', async () => {
      return (await readMetrics(server.metricsUrl ?? '')).get('papo_connections') === people - 1;
    });
    await ana.send(rooms[0] ?? '', 'while bruno was away').done;
    await bruno.connect();
    await eventually('everyone has heard it', () =>
      clients.every(
        client => client.rooms.get(rooms[0] ?? '')?.messages.at(-1)?.text === 'while bruno was away',
      ),
    );
    const { room } = await bruno.call('direct.open', { user: ana.me?.id ?? '' });
    const again = { room: room.id, id: uuidv7(), text: 'once' };
    for (let time = 0; time < 3; time += 1) await bruno.call('message.send', again);
    await assert.rejects(bruno.call('message.send', { ...again, text: 'twice' }), { code: 'id_conflict' });
    await eventually('ana has heard it', () => ana.rooms.get(room.id)?.messages.length === 1);
  });

  await t.test('those who are refused', async () => {
    for (let guess = 0; guess <= rates.loginsOfAccount.burst; guess += 1) {
      await request(url, 'POST', '/login', { body: { username: 'person-0', password: `guess ${guess}` } });
    }
    for (const path of ['/rooms', '/me', '/nowhere']) await request(url, 'GET', path, { token });
    await request(url, 'GET', '/rooms', { token: 'none' });
    const stranger = await TestSocket.open(url, token);
    tally.connections += 1;
    const nowhere = { room: uuidv7(), id: uuidv7(), text: 'anyone?' };
    await assert.rejects(stranger.call('message.send', nowhere), AnswerError);
    stranger.socket.close(4999);
    await stranger.closed;
    await new TestSocket(url, 'not-a-token').closed.catch(() => {});
    const gone = await TestSocket.open(url, token);
    tally.connections += 1;
    gone.socket.terminate();
    await gone.closed;
  });

  await t.test('the numbers are those of what was done', async () => {
    await eventually('the last one has gone', async () => {
      await prometheus.hasSeen();
      return (await value('papo_connections')) === people;
    });
    const stored = people * messagesEach + 2;
    const numbers: Record<string, number> = {
      'papo_messages_total{result="stored"}': stored,
      'papo_messages_total{result="duplicate"}': 2,
      'papo_messages_total{result="refused"}': 2,
      papo_commit_seconds_count: stored,
      papo_users_online: people,
      'papo_connects_total{result="ok"}': tally.connections,
      'papo_connects_total{result="unauthorized"}': 1,
      'sum(papo_disconnects_total)': tally.connections - people,
      'papo_disconnects_total{code="1006"}': 1,
      'papo_disconnects_total{code="other"}': 1,
      'papo_auth_total{operation="register",result="ok"}': people,
      'papo_rate_limited_total{scope="loginsOfAccount"}': 1,
      'sum(papo_deliveries_total)': tally.changes,
    };
    const seen = await Promise.all(Object.keys(numbers).map(async expr => [expr, await value(expr)]));
    assert.deepEqual(Object.fromEntries(seen), numbers);
    assert.ok(tally.changes > stored);
    assert.ok(((await value('papo_syncs_total{result="changes"}')) ?? 0) > 0);
  });

  await t.test('a reader that is too slow', async () => {
    const slow = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['papo.v1', `bearer.${otherToken}`]);
    let isClosed = false;
    let code = 0;
    slow.on('close', closedWith => {
      isClosed = true;
      code = closedWith;
    });
    await new Promise(resolve => slow.once('message', resolve));
    slow.send(JSON.stringify({ ref: 1, op: 'sync', input: {} }));
    slow.pause();
    const counted = async () => (await value('papo_slow_readers_total')) === 1;
    const long = 'x'.repeat(limits.maxTextBytes);
    for (let sent = 0; sent < maxLongMessages && !(await counted()); sent += clients.length) {
      await Promise.all(clients.map(client => client.send(rooms[0] ?? '', long).done));
    }
    assert.ok(await counted());
    slow.resume();
    await eventually('it has been told', () => isClosed);
    assert.equal(code, closeCodes.slowReader);
    await eventually(
      'its end is counted',
      async () => (await value(`papo_disconnects_total{code="${closeCodes.slowReader}"}`)) === 1,
    );
  });

  await prometheus.hasSeen();
  await t.test('no panel is empty', async () => {
    const exprs = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(exprs.length > 0);
    for (const { title, expr } of exprs) {
      const found = await prometheus.query(filledIn(expr));
      assert.ok(
        found.some(({ points }) => Number.isFinite(points[0]?.[1])),
        `${title}: ${expr}`,
      );
    }
  });

  await t.test('no alert is without its numbers, and none complains', async () => {
    const rules = await prometheus.rules();
    assert.ok(rules.length > 0);
    for (const { name, query, state, health, lastError } of rules) {
      assert.deepEqual([name, state, health, lastError], [name, 'inactive', 'ok', undefined]);
      const parts = compared(query);
      assert.ok(parts.length > 0);
      for (const part of parts) {
        const found = await prometheus.query(part);
        assert.ok(
          found.some(({ points }) => Number.isFinite(points[0]?.[1])),
          `${name}: ${part}`,
        );
      }
    }
  });
});
