/** Lists that are longer than one answer, page by page, as they are asked for. */
import type { Member, Message, Room } from '../contract/objects.ts';
import type { Input, Output } from '../contract/operations.ts';
import type { CallableOperation, CallOptions } from './calls.ts';

/** `limit`: rows of one page, at most; the server may give fewer. */
export interface PageOptions extends CallOptions {
  limit?: number | undefined;
}

export interface HistoryOptions extends PageOptions {
  /** Backwards from the message before this `seq`; without both, from the newest. */
  before?: number | undefined;
  /** Forwards from the message after this `seq`. */
  after?: number | undefined;
}

export interface BrowseOptions extends PageOptions {
  /** Part of the name. */
  query?: string | undefined;
}

type Call = <N extends CallableOperation>(op: N, input: Input<N>, options: CallOptions) => Promise<Output<N>>;

/** Each page ascending by `seq`; a page of `before` comes before the last one, a page of `after` after it. */
export async function* historyPages(
  call: Call,
  room: string,
  { before, after, limit, signal }: HistoryOptions,
): AsyncGenerator<Message[], void, undefined> {
  const size = limit === undefined ? {} : { limit };
  for (let place: { before?: number | undefined; after?: number | undefined } = { before, after }; ; ) {
    const input = { room, ...size, ...defined(place) };
    const { messages, more } = await call('message.history', input, { signal });
    const [oldest] = messages;
    const newest = messages.at(-1);
    if (!oldest || !newest) return;
    yield messages;
    if (!more) return;
    place = after === undefined ? { before: oldest.seq } : { after: newest.seq };
  }
}

export function memberPages(
  call: Call,
  room: string,
  { limit, signal }: PageOptions,
): AsyncGenerator<Member[], void, undefined> {
  return cursorPages(async cursor => {
    const answer = await call('room.members', { room, ...defined({ limit, cursor }) }, { signal });
    return [answer.members, answer.cursor];
  });
}

export function browsePages(
  call: Call,
  { query, limit, signal }: BrowseOptions,
): AsyncGenerator<Room[], void, undefined> {
  return cursorPages(async cursor => {
    const answer = await call('room.browse', defined({ query, limit, cursor }), { signal });
    return [answer.rooms, answer.cursor];
  });
}

async function* cursorPages<T>(
  ask: (cursor: string | undefined) => Promise<[T[], string | undefined]>,
): AsyncGenerator<T[], void, undefined> {
  let cursor: string | undefined;
  do {
    const [rows, next] = await ask(cursor);
    if (rows.length > 0) yield rows;
    cursor = next;
  } while (cursor !== undefined);
}

/** The fields that have a value: what is absent in the contract is left out. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >;
}
