/** The floor beside the append benchmark: what PostgreSQL alone gives, without a server, sockets or receivers. */
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { createLog } from '../src/server/log.ts';
import { Metrics } from '../src/server/metrics.ts';
import { type Append, appendMessages } from '../src/server/store/append-messages.ts';
import { connectionSettings, openPool } from '../src/server/store/database.ts';
import { laneLimits } from '../src/server/store/lane.ts';
import { laneCount } from '../src/server/store/message-log.ts';
import { migrate } from '../src/server/store/migrations/migrations.ts';
import type { Context } from './bench.ts';
import { places } from './crowd.ts';
import { textOf } from './round.ts';
import { addLogins, addRoom } from './rows.ts';

/** As a lane sets its connection. */
const laneSettings = 'set enable_seqscan = off; set plan_cache_mode = force_generic_plan; set jit = off';

type Room = { id: string; members: readonly string[] };

export type Floor = {
  /** Stores so many messages, as many connections as the server has lanes at once; answers with the seconds it took. */
  play(round: { messages: number; textBytes: number; inFlight: number }): Promise<number>;
};

/** Rooms of the same number and size as the crowd's, in a database of their own. */
export async function layFloor(
  databaseUrl: string,
  size: { rooms: number; members: number },
  { undo, signal }: Context,
): Promise<Floor> {
  const connection = { connectionString: databaseUrl };
  const pool = openPool(connection, createLog('warn'), new Metrics());
  await migrate(pool).finally(() => pool.destroy());
  const clients: pg.Client[] = [];
  for (const _ of places(laneCount)) {
    const client = new pg.Client(connectionSettings(connection));
    await client.connect();
    undo.defer(() => client.end());
    await client.query(laneSettings);
    clients.push(client);
  }
  const [first] = clients;
  if (first === undefined) throw new Error('a log without lanes');
  const users = (await addLogins(first, size.members)).map(({ user }) => user);
  const rooms: Room[] = [];
  for (const place of places(size.rooms)) {
    rooms.push({ id: await addRoom(first, `Room ${place}`, users), members: users });
  }

  return {
    async play({ messages, textBytes, inFlight }) {
      const batchSize = Math.min(Math.ceil(inFlight / laneCount), largestBatch(textBytes));
      const batches = clients.map((_, lane) => batchesOf(lane, messages, textBytes, batchSize));
      const began = performance.now();
      await Promise.all(clients.map((client, lane) => storeAll(client, batches[lane] ?? [], signal)));
      return (performance.now() - began) / 1_000;
    },
  };

  /** The lane's part of the messages, which go through the rooms in turn. */
  function batchesOf(lane: number, messages: number, textBytes: number, batchSize: number): Append[][] {
    const appends = places(messages)
      .filter(place => place % laneCount === lane)
      .map(place => appendTo(rooms[place % rooms.length], place, textBytes));
    return places(Math.ceil(appends.length / batchSize)).map(nth =>
      appends.slice(nth * batchSize, (nth + 1) * batchSize),
    );
  }
}

function appendTo(room: Room | undefined, place: number, textBytes: number): Append {
  const { id = '', members = [] } = room ?? {};
  const sender = { id: members[place % members.length] ?? '', username: '', displayName: '' };
  return { room: id, sender, id: uuidv7(), text: textOf(place, textBytes) };
}

async function storeAll(client: pg.Client, batches: readonly Append[][], signal: AbortSignal): Promise<void> {
  for (const batch of batches) {
    signal.throwIfAborted();
    const outcomes = await appendMessages(client, batch);
    if (outcomes.some(({ outcome }) => outcome !== 'stored'))
      throw new Error('the floor did not store a message');
  }
}

function largestBatch(textBytes: number): number {
  const { maxBatch, maxBatchBytes, entryBytes } = laneLimits;
  return Math.min(maxBatch, Math.floor(maxBatchBytes / (entryBytes + textBytes)));
}
