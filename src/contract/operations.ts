/**
 * The operation table: what a client can ask for, by which doors, with what, and what comes back.
 * HTTP and WebSocket are two doors to the same operations; each operation is defined here once and handled once.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import {
  Cursor,
  Delta,
  DisplayName,
  Grant,
  Id,
  Member,
  Message,
  Password,
  Room,
  RoomName,
  RoomQuery,
  Text,
  Topic,
  User,
  Username,
} from './objects.ts';

type HttpMethod = 'GET' | 'POST';

/** An operation's route; absent when only the socket offers it. `{name}` in the path is an input field. */
export type HttpRoute = { method: HttpMethod; path: string; status: 200 | 201 | 204 };

const http = (method: HttpMethod, path: string, status: HttpRoute['status'] = 200): HttpRoute => ({
  method,
  path,
  status,
});

const page = (max: number, usual: number) => z.int().min(1).max(max).default(usual);
const nothing = z.object({});

const InRoom = z.object({ room: Id });

/** One room's part of the answer to `sync`. */
export const SyncedRoom = z.discriminatedUnion('reset', [
  z.object({ room: Room, reset: z.literal(false), delta: Delta.optional() }),
  z.object({ room: Room, reset: z.literal(true), messages: z.array(Message) }),
]);
export type SyncedRoom = z.infer<typeof SyncedRoom>;

/** `caller`: who may call it — `anyone`, or only a `user` who presents a valid token. */
export const operations = {
  'account.register': {
    http: http('POST', '/register', 201),
    socket: false,
    caller: 'anyone',
    input: z.object({ username: Username, password: Password, displayName: DisplayName.optional() }),
    output: Grant,
  },
  'account.login': {
    http: http('POST', '/login'),
    socket: false,
    caller: 'anyone',
    input: z.object({ username: Username, password: z.string().max(limits.maxBodyBytes) }),
    output: Grant,
  },
  'account.me': {
    http: http('GET', '/me'),
    socket: true,
    caller: 'user',
    input: nothing,
    output: z.object({ user: User }),
  },
  'room.create': {
    http: http('POST', '/rooms', 201),
    socket: true,
    caller: 'user',
    input: z.object({
      name: RoomName,
      kind: z.enum(['public', 'private']).default('public'),
      topic: Topic.optional(),
    }),
    output: z.object({ room: Room }),
  },
  'room.list': {
    http: http('GET', '/rooms'),
    socket: true,
    caller: 'user',
    input: nothing,
    output: z.object({ rooms: z.array(Room) }),
  },
  'room.browse': {
    http: http('GET', '/rooms/public'),
    socket: true,
    caller: 'user',
    input: z.object({
      query: RoomQuery.optional(),
      cursor: Cursor.optional(),
      limit: page(limits.maxListPage, limits.listPage),
    }),
    output: z.object({ rooms: z.array(Room), cursor: z.string().optional() }),
  },
  'room.get': {
    http: http('GET', '/rooms/{room}'),
    socket: true,
    caller: 'user',
    input: InRoom,
    output: z.object({ room: Room }),
  },
  'room.join': {
    http: http('POST', '/rooms/{room}/join'),
    socket: true,
    caller: 'user',
    input: InRoom.extend({ history: z.int().min(0).max(limits.maxHistoryPage).default(limits.historyPage) }),
    output: z.object({ room: Room, messages: z.array(Message) }),
  },
  'room.leave': {
    http: http('POST', '/rooms/{room}/leave', 204),
    socket: true,
    caller: 'user',
    input: InRoom,
    output: nothing,
  },
  'room.invite': {
    http: http('POST', '/rooms/{room}/members', 201),
    socket: true,
    caller: 'user',
    input: InRoom.extend({ user: Id }),
    output: z.object({ member: Member }),
  },
  'room.members': {
    http: http('GET', '/rooms/{room}/members'),
    socket: true,
    caller: 'user',
    input: InRoom.extend({
      cursor: Cursor.optional(),
      limit: page(limits.maxListPage, limits.listPage),
    }),
    output: z.object({ members: z.array(Member), cursor: z.string().optional() }),
  },
  'room.changes': {
    http: http('GET', '/rooms/{room}/changes'),
    socket: true,
    caller: 'user',
    input: InRoom.extend({
      after: z.int().min(0),
      limit: page(limits.maxChangesPage, limits.maxChangesPage),
    }),
    output: z.object({ delta: Delta, more: z.boolean() }),
  },
  'direct.open': {
    http: http('POST', '/directs'),
    socket: true,
    caller: 'user',
    input: z.union([z.object({ user: Id }), z.object({ username: Username })]),
    output: z.object({ room: Room }),
  },
  'message.send': {
    http: http('POST', '/rooms/{room}/messages', 201),
    socket: true,
    caller: 'user',
    input: InRoom.extend({ id: Id, text: Text }),
    output: z.object({ message: Message }),
  },
  'message.history': {
    http: http('GET', '/rooms/{room}/messages'),
    socket: true,
    caller: 'user',
    input: InRoom.extend({
      before: z.int().min(0).optional(),
      after: z.int().min(0).optional(),
      limit: page(limits.maxHistoryPage, limits.historyPage),
    }).refine(
      input => input.before === undefined || input.after === undefined,
      'give before or after, not both',
    ),
    output: z.object({ messages: z.array(Message), more: z.boolean() }),
  },
  sync: {
    http: undefined,
    socket: true,
    caller: 'user',
    input: z.object({
      log: z.string().max(200).optional(),
      rooms: z
        .record(Id, z.int().min(0))
        .refine(
          rooms => Object.keys(rooms).length <= 2 * limits.maxRoomsPerUser,
          'names more rooms than a user can have',
        )
        .default({}),
      history: z.int().min(0).max(limits.maxHistoryPage).default(limits.historyPage),
    }),
    output: z.object({ rooms: z.array(SyncedRoom), left: z.array(Id) }),
  },
  ping: {
    http: undefined,
    socket: true,
    caller: 'user',
    input: nothing,
    output: z.object({ at: z.iso.datetime({ precision: 3 }) }),
  },
} as const satisfies Record<string, OperationDefinition>;

type OperationDefinition = {
  http: HttpRoute | undefined;
  socket: boolean;
  caller: 'anyone' | 'user';
  input: z.ZodType;
  output: z.ZodType;
};

export type OperationName = keyof typeof operations;
/** What a client sends: fields with a default may be left out. */
export type Input<N extends OperationName> = z.input<(typeof operations)[N]['input']>;
/** What the server works with: parsed, defaults filled in. */
export type ParsedInput<N extends OperationName> = z.output<(typeof operations)[N]['input']>;
export type Output<N extends OperationName> = z.output<(typeof operations)[N]['output']>;
