/** What a connection costs that says nothing: memory of papo's process, between a few connections and many. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Output } from '../src/contract/operations.ts';
import { seat } from './audience.ts';
import type { Benchmark, Context } from './bench.ts';
import { settle } from './crowd.ts';
import type { LoadSocket } from './load-socket.ts';
import { startPapo } from './papo.ts';
import { openPostgres } from './postgres.ts';
import { against, rounded, table } from './report.ts';

const flags = {
  connections: { default: 3_000, help: 'connections, each of another user' },
  first: {
    default: 500,
    help: 'connections before it counts: by then code is compiled and pools are filled',
  },
  rooms: { default: 3, help: 'rooms that each of them is in' },
  members: { default: 12, help: 'members of each room' },
};

/** Of design.md, section 5. */
const budget = { target: 16, atMost: true, unit: ' KiB' };

/** Memory rests when it changed by no more than this in so many seconds: by then V8 has collected what it left. */
const restingBytes = 512 * 1024;
const restSeconds = 20;
const restLimitSeconds = 120;

export const idle: Benchmark<typeof flags> = {
  about: 'memory of a connection that is silent',
  flags,
  async run({ connections, first, rooms, members }, context) {
    const { print } = context;
    if (first >= connections) throw new Error('--first: fewer than --connections');
    const postgres = await openPostgres(context);
    print(`postgres  ${postgres.description}\n`);
    const databaseUrl = await postgres.createDatabase('idle');
    const size = { users: connections, rooms: Math.round((connections * rooms) / members), members };
    const founder = await startPapo(databaseUrl, {}, context);
    const { tokens } = await settle(founder.url, size, context);
    await founder.stop();

    // Another process: what it took to register them doesn't stay in its memory.
    const papo = await startPapo(databaseUrl, {}, context);
    const atStart = await memoryAtRest(papo.pid, context);
    const come = (from: number, to: number) =>
      seat(papo.url, tokens.slice(from, to), socket => takeSeat(socket, rooms, context.signal), context);
    await come(0, first);
    const withFirst = await memoryAtRest(papo.pid, context);
    await come(first, connections);
    const withAll = await memoryAtRest(papo.pid, context);

    print(
      `connections of as many users, each synced and in ${rooms} rooms of ${members} members; then silent\n`,
    );
    const row = (count: number, bytes: number) => [rounded(count), `${rounded(bytes / 2 ** 20)} MiB`, ''];
    table(
      [['connections', 'RSS', ''], row(0, atStart), row(first, withFirst), row(connections, withAll)],
      print,
    );
    const each = (withAll - withFirst) / (connections - first) / 1024;
    print(
      `\nfor each of the last ${rounded(connections - first)}: ${each.toFixed(1)} KiB   ${against(each, budget)}`,
    );
  },
};

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
