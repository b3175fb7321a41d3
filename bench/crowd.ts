/** People in rooms, with open and synced sockets: the load of the append benchmark. */
import pLimit from 'p-limit';
import type { Grant } from '../src/contract/objects.ts';
import type { Output } from '../src/contract/operations.ts';
import type { Context } from './bench.ts';
import { tailOf } from './frames.ts';
import { LoadSocket } from './load-socket.ts';

export type Member = {
  readonly socket: LoadSocket;
  /** Places in {@link Crowd.rooms}. */
  readonly rooms: readonly number[];
  /** The version up to which this member has each room, by the room's place. */
  readonly versions: number[];
};

export type Crowd = {
  readonly members: readonly Member[];
  readonly rooms: readonly string[];
  /** How many members each room has. */
  readonly roomSize: number;
  /** From the end of a room's id, as a frame reader sees it, to the room's place. */
  readonly roomPlaces: ReadonlyMap<number, number>;
};

/** More at a time would only wait for the hashing of passwords, which takes a core for 25 ms each. */
const callsAtATime = 8;
const password = 'correct horse battery';

export type Settlement = {
  /** By user. */
  readonly tokens: readonly string[];
  readonly rooms: readonly string[];
  /** By room: places in {@link Settlement.tokens}. */
  readonly inRoom: readonly (readonly number[])[];
};

type Size = { users: number; rooms: number; members: number };

/**
 * Registers the users and has them create and join rooms, all through the HTTP door.
 * Neighbours in the list of users share rooms, no two of them all of them; each user is in as many rooms as any other.
 */
export async function settle(url: string, size: Size, { signal }: Context): Promise<Settlement> {
  if (size.members > size.users) throw new Error('a room has no more members than there are users');
  const tokens = await someAtATime(places(size.users), async user => {
    const credentials = { username: `user-${user}`, password };
    return (await post<Grant>(`${url}/register`, credentials, undefined, signal)).token;
  });
  const inRoom = places(size.rooms).map(room => {
    const first = Math.floor((room * size.users) / size.rooms);
    return places(size.members).map(nth => (first + nth) % size.users);
  });
  const rooms = await someAtATime(inRoom, async ([owner = 0, ...others], place) => {
    const { room } = await post<Output<'room.create'>>(
      `${url}/rooms`,
      { name: `Room ${place}` },
      tokens[owner],
      signal,
    );
    for (const user of others) {
      await post(`${url}/rooms/${room.id}/join`, { history: 0 }, tokens[user], signal);
    }
    return room.id;
  });
  return { tokens, rooms, inRoom };
}

/** Settles them, and connects them. */
export async function gather(url: string, size: Size, context: Context): Promise<Crowd> {
  const { signal } = context;
  const { tokens, rooms, inRoom } = await settle(url, size, context);
  const roomPlaces = new Map(rooms.map((room, place) => [tailOf(room), place]));
  if (roomPlaces.size < rooms.length) throw new Error('two rooms have ids with the same end: run it again');

  const members = await someAtATime(tokens, async (token, user) => {
    const socket = await LoadSocket.open(url, token, context);
    const synced = (await socket.call('sync', { history: 0 }, signal)) as Output<'sync'>;
    const versions: number[] = [];
    for (const { room } of synced.rooms) versions[roomPlaces.get(tailOf(room.id)) ?? 0] = room.version;
    const own = places(size.rooms).filter(room => inRoom[room]?.includes(user));
    if (own.length === 0) throw new Error('too few rooms for so many users');
    if (own.length !== synced.rooms.length) throw new Error('sync left out rooms');
    return { socket, rooms: own, versions };
  });
  return { members, rooms, roomSize: size.members, roomPlaces };
}

function someAtATime<Item, Result>(
  items: readonly Item[],
  work: (item: Item, place: number) => Promise<Result>,
): Promise<Result[]> {
  const limit = pLimit(callsAtATime);
  return Promise.all(items.map((item, place) => limit(() => work(item, place))));
}

export const places = (count: number) => Array.from({ length: count }, (_, place) => place);

async function post<Body>(
  url: string,
  input: object,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Body> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(input),
    signal,
  });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
