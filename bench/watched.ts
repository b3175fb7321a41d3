/** People who talk, as Prometheus sees it: what an operator gets to look at, and the picture of it in the documentation. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ChatClient, register } from '../src/sdk/index.ts';
import { Prometheus, type Series } from '../tools/prometheus.ts';
import type { Benchmark, Context } from './bench.ts';
import { type Chart, drawCharts, type Line } from './line-chart.ts';
import { startPapo } from './papo.ts';
import { openPostgres } from './postgres.ts';

const flags = {
  seconds: { default: 75, help: 'how long they talk, from few to all of them' },
  people: { default: 60, help: 'people, each with one connection' },
  rooms: { default: 6, help: 'rooms that everyone is in' },
  pause: { default: 300, help: 'milliseconds from one message of a person to the next' },
} as const;

const picture = join(import.meta.dirname, '..', 'docs', 'images', 'load.svg');
const window = '5s';

export const watched: Benchmark<typeof flags> = {
  about: 'people who talk, as Prometheus sees it; draws docs/images/load.svg',
  flags,
  async run({ seconds, people, rooms, pause }, context) {
    const postgres = await openPostgres(context);
    const { url, metricsUrl } = await startPapo(
      await postgres.createDatabase('watched'),
      { PAPO_METRICS_ADDR: '127.0.0.1:0' },
      context,
    );
    if (metricsUrl === undefined) throw new Error('papo does not say where its metrics are');
    const prometheus = await Prometheus.watch(metricsUrl);
    context.undo.defer(() => prometheus.stop());
    await prometheus.hasSeen();

    const clients = await signIn(url, people, context);
    const [owner] = clients;
    if (owner === undefined) throw new Error('nobody is there');
    await owner.connect();
    const ids: string[] = [];
    for (let room = 0; room < rooms; room += 1) {
      ids.push((await owner.call('room.create', { name: `room ${room}` })).room.id);
    }
    const from = Date.now() / 1000;
    const sent = await Promise.all(
      clients.map((client, place) =>
        talk(client, ids, (seconds * 1000 * place) / (2 * people), pause, from + seconds),
      ),
    );
    const count = sent.reduce((sum, each) => sum + each, 0);
    await prometheus.hasSeen();
    const [stored] = await prometheus.query('papo_messages_total{result="stored"}');
    if (stored?.points[0]?.[1] !== count)
      throw new Error(`${count} sent, but stored: ${stored?.points[0]?.[1]}`);

    const title = `papo with up to ${people} people in ${rooms} rooms: ${count.toLocaleString('en')} messages, as Prometheus saw them`;
    const svg = drawCharts(title, await charts(prometheus, from, seconds), seconds);
    await mkdir(dirname(picture), { recursive: true });
    await writeFile(picture, svg);
    context.print(`${count} messages sent, and as many stored; drawn in ${picture}`);
  },
};

async function signIn(url: string, people: number, { undo, signal }: Context): Promise<ChatClient[]> {
  const clients: ChatClient[] = [];
  for (let person = 0; person < people; person += 1) {
    signal.throwIfAborted();
    const grant = await register(url, { username: `person-${person}`, password: 'only for this run' });
    clients.push(new ChatClient({ url, grant }));
  }
  undo.defer(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

/** Comes, and talks in one room after the other until the end. @returns how much was said. */
async function talk(
  client: ChatClient,
  rooms: readonly string[],
  inMs: number,
  pauseMs: number,
  until: number,
): Promise<number> {
  await delay(inMs);
  await client.connect();
  for (const room of rooms) if (!client.rooms.has(room)) await client.call('room.join', { room });
  const said: Promise<unknown>[] = [];
  while (Date.now() / 1000 < until) {
    const room = rooms[said.length % rooms.length] ?? '';
    said.push(client.send(room, `This is what I say as number ${said.length}.`).done);
    await delay(pauseMs * (0.5 + Math.random()));
  }
  await Promise.all(said);
  return said.length;
}

async function charts(prometheus: Prometheus, from: number, seconds: number): Promise<Chart[]> {
  const line = async (name: string, expr: string, factor = 1): Promise<Line> => {
    const [series] = await prometheus.range(expr, from, from + seconds, 1);
    return { name, points: finite(series, from, factor) };
  };
  const rate = (series: string) => `sum(rate(${series}[${window}]))`;
  const quantile = (share: number, name: string) =>
    `histogram_quantile(${share}, sum by (le) (rate(papo_${name}_seconds_bucket[${window}])))`;
  return [
    { title: 'Connections', unit: 'open', lines: [await line('connections', 'papo_connections')] },
    {
      title: 'Messages in',
      unit: 'per second',
      lines: [await line('messages stored', rate('papo_messages_total{result="stored"}'))],
    },
    {
      title: 'Changes out',
      unit: 'per second',
      lines: [await line('changes delivered', rate('papo_deliveries_total'))],
    },
    {
      title: 'How long it takes',
      unit: 'milliseconds',
      lines: [
        await line('durable, p50', quantile(0.5, 'commit'), 1000),
        await line('durable, p99', quantile(0.99, 'commit'), 1000),
        await line('then delivered, p99', quantile(0.99, 'deliver'), 1000),
      ],
    },
    {
      title: 'Processor',
      unit: 'cores',
      lines: [await line("papo's process", rate('process_cpu_seconds_total'))],
    },
  ];
}

/** Where nothing happened, a quantile isn't a number. */
function finite(series: Series | undefined, from: number, factor: number): Line['points'] {
  return (series?.points ?? [])
    .filter(([, value]) => Number.isFinite(value))
    .map(([at, value]) => [at - from, value * factor] as const);
}
