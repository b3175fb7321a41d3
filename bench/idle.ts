/** What a connection costs that says nothing: memory of papo's process, between a few connections and many. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Output } from '../src/contract/operations.ts';
import { Tokens } from '../src/server/operations/tokens.ts';
import { seat } from './audience.ts';
import type { Benchmark, Context, Numbers } from './bench.ts';
import { places } from './crowd.ts';
import type { PeerKind } from './fanout-peer.ts';
import type { LoadSocket } from './load-socket.ts';
import { startPapo } from './papo.ts';
import { startPeer } from './peers.ts';
import { openPostgres } from './postgres.ts';
import { against, rounded, table } from './report.ts';
import { addLogins, addRoom } from './rows.ts';

const flags = {
  connections: { default: 10_000, help: 'connections, each of another user' },
  first: {
    default: 500,
    help: 'connections before it counts: by then code is compiled and pools are filled',
  },
  rooms: { default: 3, help: 'rooms that each of them is in' },
  members: { default: 12, help: 'members of each room' },
};

type Settings = Numbers<typeof flags>;

const tokenTtlSeconds = 3_600;

/** Of design.md, section 5. */
const budget = { target: 16, atMost: true, unit: ' KiB' };

/** Memory rests when it changed by no more than this in so many seconds: by then V8 has collected what it left. */
const restingBytes = 512 * 1024;
const restSeconds = 20;
const restLimitSeconds = 120;

export const idle: Benchmark<typeof flags> = {
  about: 'memory of a connection that is silent, beside a raw loop and a ws loop',
  flags,
  async run(settings, context) {
    const { print } = context;
    const { connections, first, rooms, members } = settings;
    if (first >= connections) throw new Error('--first: fewer than --connections');
    const postgres = await openPostgres(context);
    print(`postgres  ${postgres.description}\n`);
    const databaseUrl = await postgres.createDatabase('idle');
    print(
      `connections of as many users, each synced and in ${rooms} rooms of ${members} members; then silent\n`,
    );

    const papo = await alone(context, within => fillPapo(databaseUrl, settings, within));
    const raw = await alone(context, within => fillPeer('raw', settings, within));
    const ws = await alone(context, within => fillPeer('ws', settings, within));
    const each = (name: string, [, withFirst, withAll]: Filling, last: (kibibytes: number) => string) => {
      const kibibytes = (withAll - withFirst) / (connections - first) / 1024;
      return [`  ${name}`, `${kibibytes.toFixed(1)} KiB`, last(kibibytes)];
    };
    const row = (name: string, filling: readonly number[]) => [
      name,
      ...filling.map(bytes => `${rounded(bytes / 2 ** 20)} MiB`),
      '',
    ];
    table(
      [
        ['RSS, with connections', '0', rounded(first), rounded(connections), ''],
        row('  papo', papo),
        row('  raw net loop', raw),
        row('  ws loop', ws),
      ],
      print,
    );
    print(`\nfor each of the last ${rounded(connections - first)}`);
    table(
      [
        each('papo', papo, kibibytes => against(kibibytes, budget)),
        each('raw net loop', raw, () => ''),
        each('ws loop', ws, () => ''),
      ],
      print,
    );
  },
};

/** Resident bytes at rest: with nobody, with the first connections, and with all of them. */
type Filling = [number, number, number];

/** One server at a time: what was started within is stopped before the next. */
async function alone(context: Context, fill: (within: Context) => Promise<Filling>): Promise<Filling> {
  await using undo = new AsyncDisposableStack();
  return await fill({ ...context, undo });
}

async function fillPapo(databaseUrl: string, settings: Settings, context: Context): Promise<Filling> {
  const secret = randomBytes(32).toString('base64url');
  const environment = { PAPO_SECRET: secret, PAPO_TOKEN_TTL: String(tokenTtlSeconds) };
  const { url, pid } = await startPapo(databaseUrl, environment, context);
  const tokens = await settle(databaseUrl, settings, new Tokens(secret, tokenTtlSeconds));
  const enter = (socket: LoadSocket) => takeSeat(socket, settings.rooms, context.signal);
  return fill(pid, settings, (from, to) => seat(url, tokens.slice(from, to), enter, context), context);
}

async function fillPeer(kind: PeerKind, settings: Settings, context: Context): Promise<Filling> {
  const { url, pid } = await startPeer({ kind, text: '' }, context);
  const nobody = (count: number) => Array<undefined>(count).fill(undefined);
  return fill(pid, settings, (from, to) => seat(url, nobody(to - from), async () => {}, context), context);
}

async function fill(
  pid: number,
  { connections, first }: Settings,
  come: (from: number, to: number) => Promise<unknown>,
  context: Context,
): Promise<Filling> {
  const atStart = await memoryAtRest(pid, context);
  await come(0, first);
  const withFirst = await memoryAtRest(pid, context);
  await come(first, connections);
  return [atStart, withFirst, await memoryAtRest(pid, context)];
}

/** People who never signed in, in rooms that they share with their neighbours. @returns a token of each. */
async function settle(
  databaseUrl: string,
  { connections, rooms, members }: Settings,
  tokens: Tokens,
): Promise<string[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const logins = await addLogins(client, connections);
    const roomCount = Math.round((connections * rooms) / members);
    for (const room of places(roomCount)) {
      const first = Math.floor((room * connections) / roomCount);
      const theirs = places(members).map(nth => logins[(first + nth) % connections]?.user ?? '');
      await addRoom(client, `Room ${room}`, theirs);
    }
    const issued = await Promise.all(logins.map(({ user, login }) => tokens.issue(user, login)));
    return issued.map(({ token }) => token);
  } finally {
    await client.end();
  }
}

async function takeSeat(socket: LoadSocket, rooms: number, signal: AbortSignal): Promise<void> {
  const synced = (await socket.call('sync', { history: 0 }, signal)) as Output<'sync'>;
  if (synced.rooms.length !== rooms) throw new Error(`in ${synced.rooms.length} rooms, not in ${rooms}`);
}

/** Resident bytes of a process, once they rest. */
async function memoryAtRest(pid: number, { signal }: Context): Promise<number> {
  const readings: number[] = [];
  while (readings.length < restLimitSeconds) {
    readings.push(await residentBytes(pid));
    const recent = readings.slice(-restSeconds);
    if (recent.length === restSeconds && Math.max(...recent) - Math.min(...recent) <= restingBytes) {
      return readings.at(-1) ?? 0;
    }
    await delay(1_000, undefined, { signal });
  }
  throw new Error(`the server's memory has not come to rest within ${restLimitSeconds} s`);
}

/** Linux tells it in KiB. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kibibytes === undefined)
    throw new Error('the memory of a process is read from /proc: this needs Linux');
  return Number(kibibytes) * 1024;
}
