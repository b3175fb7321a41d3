/** Rooms: making, finding, coming and going. */
import { v7 as uuidv7 } from 'uuid';
import type { Room } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import { type Changes, deltaOf } from '../store/changes.ts';
import type { Members } from '../store/members.ts';
import type { Memberships } from '../store/memberships.ts';
import type { Messages } from '../store/messages.ts';
import type { Page } from '../store/page.ts';
import type { RoomDetails } from '../store/room-details.ts';
import { noSpace } from '../store/room-space.ts';
import type { Rooms } from '../store/rooms.ts';
import type { Users } from '../store/users.ts';
import type { Handlers } from './dispatch.ts';

type Parts = {
  hub: Hub;
  rooms: Rooms;
  details: RoomDetails;
  members: Members;
  users: Users;
  memberships: Memberships;
  messages: Messages;
  changes: Changes;
};

type RoomOperation =
  | `room.${'create' | 'list' | 'browse' | 'get' | 'update' | 'join' | 'leave' | 'invite' | 'remove'}`
  | `room.${'members' | 'changes' | 'read'}`
  | 'direct.open';

export function roomOperations(parts: Parts): Pick<Handlers, RoomOperation> {
  const { hub, rooms, details, members, users, memberships, messages, changes } = parts;

  return {
    'room.create': async ({ id: given, name, kind, topic }, { user }) => {
      const id = given ?? uuidv7();
      if (given === undefined || !(await rooms.wasCreatedBy(user.id, given))) {
        await rooms.create(user, { id, kind, name, topic });
      }
      hub.came(user.id, id);
      return { room: await rooms.joinedBy(user.id, id) };
    },

    'room.list': async ({ cursor, limit }, { user }) => {
      const page = await rooms.list(user.id, cursor, limit);
      return { rooms: page.items, ...cursorOf(page) };
    },

    'room.browse': async ({ query, cursor, limit }, { user }) => {
      const page = await rooms.browse(user.id, query ?? '', cursor, limit);
      return { rooms: page.items, ...cursorOf(page) };
    },

    'room.get': async ({ room }, { user }) => ({ room: await rooms.visibleTo(user.id, room) }),

    'room.update': async ({ room, name, topic }, { user }) => {
      refuseDirect(await rooms.visibleTo(user.id, room), 'renamed');
      const changed = await details.update(room, user.id, name, topic);
      if (changed.outcome === 'taken') throw new OperationError('name_taken');
      const seen = await rooms.visibleTo(user.id, room);
      if (changed.outcome === 'refused') throw notOwner();
      return { room: seen };
    },

    'room.join': async ({ room, history }, { user }) => {
      const seen = await rooms.visibleTo(user.id, room);
      refuseDirect(seen, 'joined');
      if (seen.role === undefined) {
        const changed = await memberships.admit(room, user.id);
        if (changed.outcome === 'full') throw noSpace(undefined);
        if (changed.outcome === 'refused') {
          throw new OperationError('forbidden', 'who was removed comes back only by invitation');
        }
      }
      hub.came(user.id, room);
      const joined = await rooms.joinedBy(user.id, room);
      if (history === 0) return { room: joined, messages: [] };
      const page = await messages.before(room, joined.lastSeq + 1, history);
      return { room: joined, messages: page.messages };
    },

    'room.leave': async ({ room }, { user }) => {
      refuseDirect(await rooms.visibleTo(user.id, room), 'left');
      await memberships.release(room, user.id);
      return {};
    },

    'room.invite': async ({ room, user: guest }, { user }) => {
      refuseDirect(await rooms.joinedBy(user.id, room), 'invited to');
      if ((await users.byId(guest)) === undefined) throw new OperationError('not_found', 'no such user');
      const changed = await memberships.invite(room, guest, user.id);
      if (changed.outcome === 'full') throw noSpace(user.id);
      if (changed.outcome === 'refused') {
        await rooms.joinedBy(user.id, room);
        throw new OperationError('forbidden', 'only members can invite');
      }
      hub.came(guest, room);
      const member = await members.one(room, guest);
      if (member === undefined) throw new Error('an invited user has no membership');
      return { member };
    },

    'room.remove': async ({ room, user: member }, { user }) => {
      const seen = await rooms.joinedBy(user.id, room);
      refuseDirect(seen, 'left by force');
      if (seen.role !== 'owner') throw notOwner();
      if (member === user.id) throw new OperationError('bad_request', 'user: leave the room instead');
      if ((await members.one(room, member)) === undefined) {
        throw new OperationError('not_found', 'no such member');
      }
      const changed = await memberships.remove(room, member, user.id);
      if (changed.outcome === 'refused') throw notOwner();
      return {};
    },

    'room.members': async ({ room, cursor, limit }, { user }) => {
      await rooms.joinedBy(user.id, room);
      const page = await members.page(room, parseSince(cursor), limit);
      return { members: page.items, ...cursorOf(page) };
    },

    'room.changes': async ({ room, after, limit }, { user }) => {
      await rooms.joinedBy(user.id, room);
      const range = await changes.above(room, after, limit);
      const from = Math.min(after, range.head) + 1;
      const delta = deltaOf(room, from, range.head, range.changes, range.memberCount);
      return { delta, more: range.more };
    },

    'room.read': async ({ room, seq }, { user, socket }) => {
      const { lastSeq } = await rooms.joinedBy(user.id, room);
      const marked = await members.markRead(room, user.id, Math.min(seq, lastSeq));
      if (marked === undefined) {
        const { readSeq = 0 } = await rooms.joinedBy(user.id, room);
        return { readSeq };
      }
      hub.read(user.id, room, marked, socket?.session);
      return { readSeq: marked };
    },

    'direct.open': async (input, { user }) => {
      const peer = 'user' in input ? await users.byId(input.user) : await users.byName(input.username);
      if (peer === undefined) throw new OperationError('not_found', 'no such user');
      if (peer.id === user.id) throw new OperationError('bad_request', 'a direct room needs another person');
      const room = (await rooms.directOf(user.id, peer.id)) ?? (await rooms.openDirect(user.id, peer.id));
      // An earlier opening may have been cut short before it was told.
      for (const member of [user.id, peer.id]) hub.came(member, room);
      return { room: await rooms.joinedBy(user.id, room) };
    },
  };
}

/** Two members, for ever. */
function refuseDirect(room: Room, what: string): void {
  if (room.kind === 'direct') throw new OperationError('forbidden', `a direct room can't be ${what}`);
}

function notOwner(): OperationError {
  return new OperationError('forbidden', 'only the owner can do that');
}

/** Where the next page begins, if there is one. */
function cursorOf({ cursor }: Page<unknown>): { cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}

function parseSince(cursor: string | undefined): number {
  const since = Number(cursor ?? 0);
  if (!Number.isSafeInteger(since) || since < 0) {
    throw new OperationError('bad_request', 'cursor: not one of ours');
  }
  return since;
}
