/** What is measured: the numbers are those of what was done, and tell nothing about anyone. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { v7 as uuidv7 } from 'uuid';
import { closeCodes } from '../src/contract/codes.ts';
import type { Grant } from '../src/contract/objects.ts';
import { metricsDoorLimits } from '../src/server/doors/metrics.ts';
import { atEnd } from './support/at-end.ts';
import { metricsPage, readMetrics } from './support/metrics-page.ts';
import { AnswerError, password, register, request, TestSocket } from './support/people.ts';
import { ownServer, startServer, type TestServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

type Panel = { title: string; description?: string; targets: { expr: string }[] };

const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/papo.json', 'utf8')) as {
  panels: Panel[];
};
const metricsAddress = { PAPO_METRICS_ADDR: '127.0.0.1:0' };

let server: TestServer;
let ana: Grant;
let bruno: Grant;
let room: string;

before(async () => {
  server = await startServer(metricsAddress);
  [ana, bruno] = [await register(server.url, 'ana'), await register(server.url, 'bruno')];
  const socket = await TestSocket.live(server.url, ana.token);
  room = (await socket.call('room.list', {})).rooms[0]?.id ?? '';
  await socket.close();
});

after(() => server.close());

const read = (of = server) => readMetrics(of.metricsUrl ?? '');
const page = () => metricsPage(server.metricsUrl ?? '');

/** By how much series grew, once all of them have grown as expected. */
async function grows(expected: Record<string, number>, what: () => Promise<unknown>): Promise<void> {
  const before = await read();
  await what();
  const growth = async () => {
    const now = await read();
    return Object.keys(expected).map(name => [name, (now.get(name) ?? 0) - (before.get(name) ?? 0)]);
  };
  const isSo = async () => JSON.stringify(await growth()) === JSON.stringify(Object.entries(expected));
  await eventually('the numbers are those of what was done', isSo).catch(() => {});
  assert.deepEqual(Object.fromEntries(await growth()), expected);
}

const live = (grant: Grant) => TestSocket.live(server.url, grant.token);

test('signing in is counted by how it ended, and as requests by operation', async () => {
  const login = (word: string) =>
    request(server.url, 'POST', '/login', { body: { username: 'ana', password: word } });
  await grows(
    {
      'papo_auth_total{operation="register",result="ok"}': 1,
      'papo_auth_total{operation="register",result="username_taken"}': 1,
      'papo_auth_total{operation="login",result="ok"}': 1,
      'papo_auth_total{operation="login",result="invalid_credentials"}': 1,
      'papo_http_requests_total{method="POST",route="account.login",status="401"}': 1,
      'papo_http_request_duration_seconds_count{method="POST",route="account.login",status="200"}': 1,
      'papo_http_requests_total{method="GET",route="none",status="404"}': 1,
    },
    async () => {
      await register(server.url, 'carla');
      await assert.rejects(register(server.url, 'carla'));
      await login(password);
      await login('wrong');
      await request(server.url, 'GET', '/nowhere/at/all');
    },
  );
});

test('messages are counted by what became of them, and so is each connection that got one', async () => {
  const [talker, reader] = [await live(ana), await live(bruno)];
  const stranger = uuidv7();
  await grows(
    {
      'papo_messages_total{result="stored"}': 3,
      'papo_messages_total{result="duplicate"}': 1,
      'papo_messages_total{result="refused"}': 2,
      papo_commit_seconds_count: 3,
      papo_batch_size_sum: 6,
      'papo_deliveries_total{path="live"}': 6,
      'papo_frames_total{direction="out",type="change"}': 6,
      'papo_frames_total{direction="in",type="message.send"}': 6,
      'papo_frames_total{direction="out",type="answer"}': 6,
    },
    async () => {
      const id = uuidv7();
      for (const text of ['one', 'two']) await talker.call('message.send', { room, id: uuidv7(), text });
      await talker.call('message.send', { room, id, text: 'three' });
      await talker.call('message.send', { room, id, text: 'three' });
      await assert.rejects(talker.call('message.send', { room, id, text: 'four' }), AnswerError);
      await assert.rejects(talker.call('message.send', { room: stranger, id, text: 'five' }), AnswerError);
      await reader.until(() => reader.texts(room).length === 3);
    },
  );
  const numbers = await read();
  assert.ok((numbers.get('papo_deliver_seconds_count') ?? 0) > 0);
  await Promise.all([talker.close(), reader.close()]);
});

test('each room of a sync is counted by what the client lacked', async () => {
  const socket = await TestSocket.open(server.url, ana.token);
  const { log } = socket.hello ?? assert.fail('greeted');
  const { rooms } = await socket.call('sync', {});
  const version = rooms.find(synced => synced.room.id === room)?.room.version ?? 0;
  await grows(
    {
      'papo_syncs_total{result="current"}': 1,
      'papo_syncs_total{result="changes"}': 1,
      'papo_syncs_total{result="reset"}': 1,
    },
    async () => {
      await socket.call('sync', { log, rooms: { [room]: version } });
      await socket.call('sync', { log, rooms: { [room]: version - 1 } });
      await socket.call('sync', { log: 'another', rooms: { [room]: version } });
    },
  );
  await socket.close();
});

test('connections are counted as they come, while they are there, and as they go', async () => {
  const came = {
    'papo_connects_total{result="ok"}': 2,
    'papo_connects_total{result="unauthorized"}': 1,
    papo_connections: 2,
    papo_users_online: 1,
    papo_rooms_live: 1,
  };
  const sockets: TestSocket[] = [];
  await grows(came, async () => {
    sockets.push(await live(ana), await live(ana));
    await new TestSocket(server.url, 'not-a-token').closed.catch(() => {});
  });
  const went = {
    'papo_disconnects_total{code="1005"}': 1,
    'papo_disconnects_total{code="other"}': 1,
    papo_connections: -2,
    papo_users_online: -1,
    papo_rooms_live: -1,
  };
  await grows(went, async () => {
    const [one, other] = sockets;
    await one?.close();
    other?.socket.close(4999);
    await other?.closed;
  });
});

test('a slow reader is counted, what is unsent is shown, and both directions have their bytes', async () => {
  const [talker, slow] = [await live(ana), await live(bruno)];
  const before = await read();
  slow.socket.pause();
  const text = 'x'.repeat(16_000);
  const isCut = async () => ((await read()).get('papo_slow_readers_total') ?? 0) > 0;
  let mostUnsent = 0;
  let sent = 0;
  await eventually('the slow reader is cut off', async () => {
    const some = Array.from({ length: 30 }, () => talker.call('message.send', { room, id: uuidv7(), text }));
    await Promise.all(some);
    sent += some.length;
    mostUnsent = Math.max(mostUnsent, (await read()).get('papo_buffered_bytes') ?? 0);
    return isCut();
  });
  slow.socket.resume();
  await slow.closed;
  const numbers = await read();
  assert.ok(mostUnsent > 0);
  const grown = (name: string) => (numbers.get(name) ?? 0) - (before.get(name) ?? 0);
  assert.equal(grown('papo_slow_readers_total'), 1);
  assert.ok(grown('papo_bytes_total{direction="in"}') > sent * text.length);
  assert.ok(grown('papo_bytes_total{direction="out"}') > 0);
  await eventually('its close is counted', async () => {
    const name = `papo_disconnects_total{code="${closeCodes.slowReader}"}`;
    return (await read()).get(name) === 1;
  });
  await talker.close();
});

test('who asks too often is counted by the rate', async t => {
  const environment = { ...metricsAddress, PAPO_RATE_LIMITS: 'on' };
  const limited = await ownServer(t, environment, undefined, { now: () => 0 });
  const body = { username: 'dora', password: 'guess' };
  for (let count = 0; count < 11; count += 1) await request(limited.url, 'POST', '/login', { body });
  const numbers = await read(limited);
  assert.equal(numbers.get('papo_rate_limited_total{scope="loginsOfAccount"}'), 1);
  assert.equal(numbers.get('papo_auth_total{operation="login",result="rate_limited"}'), 1);
});

test('it shows whether it is ready, what runs, and the state of its database', async () => {
  const numbers = await read();
  assert.equal(numbers.get('papo_ready'), 1);
  assert.equal(numbers.get('papo_lane_depth{lane="0"}'), 0);
  assert.equal(numbers.get('papo_db_pool{state="waiting"}'), 0);
  assert.ok([...numbers.keys()].some(name => name.startsWith('papo_build_info{version="')));
  assert.ok((numbers.get('process_resident_memory_bytes') ?? 0) > 0);
  assert.ok(numbers.has('nodejs_eventloop_lag_p99_seconds'));
});

test('[abuse 45] no series tells of a person, a room or an address', async () => {
  const series = [...(await read()).keys()].join('\n');
  for (const secret of [ana.user.id, 'ana', 'carla', room, 'general', 'nowhere', '127.0.0.1']) {
    assert.ok(!series.includes(secret), `${secret} is in the metrics`);
  }
  assert.doesNotMatch(series, /[\da-f]{8}-[\da-f]{4}-/);
});

test('[abuse 45] the public port has no metrics, and the metrics’ port nothing else', async () => {
  assert.equal((await request(server.url, 'GET', '/metrics')).status, 404);
  const elsewhere = new URL('/rooms', server.metricsUrl);
  assert.equal((await fetch(elsewhere)).status, 404);
});

test('an address that is taken stops the start with the name of the setting', async () => {
  const { host } = new URL(server.metricsUrl ?? '');
  await assert.rejects(startServer({ PAPO_METRICS_ADDR: host }, server.databaseUrl), {
    message: `PAPO_METRICS_ADDR: can not listen at ${host}: another program listens there`,
  });
});

const needsPromtool = { skip: withoutPromtool() };

test('promtool finds nothing wrong with them', needsPromtool, async () => {
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await page() });
  // Of Node's own names, which are prom-client's, it doesn't like all.
  const complaints = `${stdout}${stderr}`
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('nodejs_'));
  assert.deepEqual(complaints, []);
});

test('Prometheus takes the alert rules', needsPromtool, () => {
  execFileSync('promtool', ['check', 'rules', 'deploy/prometheus/alerts.yml'], { stdio: 'pipe' });
});

for (const file of ['deploy/prometheus/alerts.yml', 'deploy/grafana/dashboards/papo.json']) {
  test(`${file} asks for metrics that there are`, async () => {
    const known = new Set([...(await page()).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    const asked = readFileSync(file, 'utf8').match(/\b(papo|nodejs|process)_\w+/g) ?? [];
    assert.ok(asked.length > 0);
    const unknown = asked.filter(name => !known.has(name) && !known.has(name.replace(/_[a-z]+$/, '')));
    assert.deepEqual(unknown, []);
  });
}

test('who opens connections to the door without end gets no more than a few, and the door opens again', async t => {
  const of = await ownServer(t, metricsAddress);
  const { hostname, port } = new URL(of.metricsUrl ?? '');
  const crowd = Array.from({ length: metricsDoorLimits.maxConnections + 10 }, () =>
    connect(Number(port), hostname).on('error', () => {}),
  );
  atEnd(t, () => crowd.map(socket => socket.destroy()));
  const turnedAway = () => crowd.filter(({ closed }) => closed).length;
  await eventually('the last ten are turned away', () => turnedAway() === 10);
  for (const socket of crowd) socket.destroy();
  await eventually('it can be read', () => metricsPage(of.metricsUrl ?? '').catch(() => false));
});

test('every panel of the dashboard says what it shows', () => {
  assert.ok(dashboard.panels.length > 0);
  for (const { title, description } of dashboard.panels)
    assert.ok(description, `${title} says what it shows`);
});

test('Prometheus can read every query of the dashboard', needsPromtool, async () => {
  const exprs = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  // Rules are what promtool parses, and Prometheus knows no variables of Grafana's.
  const rules = exprs.map((expr, index) => ({
    record: `papo:query_${index}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
  }));
  const folder = await mkdtemp(join(tmpdir(), 'papo-'));
  const file = join(folder, 'queries.yml');
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  await rm(folder, { recursive: true });
  assert.equal(status, 0, stderr);
});

for (const file of ['docs/guides/monitoring.md', 'docs/guides/monitoramento.md']) {
  test(`${file} has every metric, its type and its labels, and every alert`, async () => {
    const text = await page();
    const guide = readFileSync(file, 'utf8');
    const rows = [...guide.matchAll(/^\| `(papo_\w+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|$/gm)];
    const documented = rows.map(([, name, type]) => [name, type]);
    const measured = [...text.matchAll(/^# TYPE (papo_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]);
    assert.deepEqual(documented, measured);
    for (const [, name = '', , labels = '', meaning = ''] of rows) {
      const [, shown = ''] = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, 'm').exec(text) ?? [];
      const names = [...shown.matchAll(/(\w+)="/g)].map(([, label]) => label).filter(label => label !== 'le');
      assert.deepEqual(labels === '–' ? [] : labels.split(', ').toSorted(), names.toSorted(), name);
      if (file.endsWith('monitoring.md')) assert.ok(text.includes(`# HELP ${name} ${meaning}\n`), name);
    }
    const alerts = readFileSync('deploy/prometheus/alerts.yml', 'utf8').matchAll(/alert: (\w+)/g);
    assert.deepEqual(
      [...guide.matchAll(/^\| `(Papo\w+)` \|/gm)].map(([, name]) => name),
      [...alerts].map(([, name]) => name),
    );
  });
}

/** Why promtool can't be asked here. */
function withoutPromtool(): string | false {
  const { error } = spawnSync('promtool', ['--version']);
  return error === undefined ? false : 'needs promtool (Debian: prometheus)';
}
