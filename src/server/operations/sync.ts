/** What a connection is about: catching up and going live, and being there. */
import { limits } from '../../contract/limits.ts';
import type { Message, Room } from '../../contract/objects.ts';
import type { ParsedInput, SyncedRoom } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import type { Session } from '../live/session.ts';
import type { Metrics } from '../metrics.ts';
import { jsonBytes, withinAnswer } from '../store/answer-size.ts';
import { deltaOf } from '../store/changes.ts';
import type { Messages } from '../store/messages.ts';
import type { Rooms } from '../store/rooms.ts';
import type { Handlers } from './dispatch.ts';

type Parts = { hub: Hub; rooms: Rooms; messages: Messages; logName: string; metrics: Metrics };
type Versions = ParsedInput<'sync'>['rooms'];

export function syncOperations(parts: Parts): Pick<Handlers, 'sync' | 'ping'> {
  const { hub, rooms, messages, logName, metrics } = parts;

  return {
    sync: async (input, { socket }) => {
      if (socket === undefined) throw new OperationError('bad_request', 'sync needs a socket');
      const { session } = socket;
      hub.beginSync(session);
      try {
        const entered = await enterRooms(session, Object.keys(input.rooms));
        const held: Versions = input.log === logName ? input.rooms : {};
        const synced = await catchUp(entered, held, input.history);
        socket.afterAnswer(() => hub.goLive(session, entered));
        const isIn = new Set(entered.map(room => room.id));
        return { rooms: synced, left: Object.keys(input.rooms).filter(room => !isIn.has(room)) };
      } catch (error) {
        hub.silence(session);
        throw error;
      }
    },

    ping: async () => ({ at: new Date().toISOString() }),
  };

  /**
   * The user's rooms, each read after the session had entered its feed. A room that appears between the two is left
   * out: its coming in is told once the session is live.
   */
  async function enterRooms(session: Session, expected: readonly string[]): Promise<Room[]> {
    const user = session.user.id;
    const entered = new Set(expected);
    for (const room of expected) hub.enter(session, room);
    const first = await rooms.of(user);
    // The session may have come into a room while it was read: that is not having entered it before.
    if (first.every(room => entered.has(room.id))) return first;
    for (const room of first) {
      hub.enter(session, room.id);
      entered.add(room.id);
    }
    const second = await rooms.of(user);
    return second.filter(room => entered.has(room.id));
  }

  /** What the holder of these versions lacks of each room, within the size of one answer. */
  async function catchUp(entered: readonly Room[], held: Versions, history: number) {
    let bytesLeft: number = limits.maxAnswerBytes;
    const synced: SyncedRoom[] = [];
    for (const [rank, room] of entered.entries()) {
      const delta = await missedIn(room, held[room.id], bytesLeft);
      const part: SyncedRoom = delta ?? {
        room,
        reset: true,
        messages: rank < limits.maxSyncPages ? await newestPage(room, history, bytesLeft) : [],
      };
      synced.push(part);
      metrics.syncs.inc({ result: part.reset ? 'reset' : part.delta ? 'changes' : 'current' });
      bytesLeft -= jsonBytes(part.reset ? part.messages : (part.delta ?? ''));
    }
    return synced;
  }

  /** @returns undefined for a room that has to be reset. */
  async function missedIn(room: Room, version: number | undefined, maxBytes: number) {
    if (version === undefined || version > room.version) return undefined;
    if (version === room.version) return { room, reset: false as const };
    const changes = await hub.changesBetween(room.id, version, room.version);
    if (changes === undefined || changes.length > limits.maxSyncRows) return undefined;
    const delta = deltaOf(room.id, version + 1, room.version, changes, room.memberCount);
    return jsonBytes(delta) <= maxBytes ? { room, reset: false as const, delta } : undefined;
  }

  async function newestPage(room: Room, limit: number, maxBytes: number): Promise<Message[]> {
    if (limit === 0 || room.lastSeq === 0 || maxBytes <= 0) return [];
    const { messages: page } = await messages.before(room.id, room.lastSeq + 1, limit);
    const newestFirst = withinAnswer(page.toReversed(), maxBytes);
    return jsonBytes(newestFirst) <= maxBytes ? newestFirst.reverse() : [];
  }
}
