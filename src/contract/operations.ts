/**
 * The operation table: what a client can ask for, by which doors, with what, and what comes back.
 * HTTP and WebSocket are two doors to the same operations; each operation is defined here once and handled once.
 */
import { z } from 'zod';
import { limits, type RateName } from './limits.ts';
import {
  Cursor,
  Delta,
  DisplayName,
  Grant,
  Id,
  Member,
  Message,
  NewTopic,
  Password,
  Room,
  RoomName,
  RoomQuery,
  Text,
  Time,
  Topic,
  User,
  Username,
  UserQuery,
} from './objects.ts';

type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

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

export const operations = {
  'account.register': {
    http: http('POST', '/register', 201),
    socket: false,
    caller: 'anyone',
    rates: ['registrations'],
    input: z.object({ username: Username, password: Password, displayName: DisplayName.optional() }),
    output: Grant,
  },
  'account.login': {
    http: http('POST', '/login'),
    socket: false,
    caller: 'anyone',
    rates: ['loginsOfAccount', 'loginsOfAddress'],
    input: z.object({ username: Username, password: z.string().max(limits.maxBodyBytes) }),
    output: Grant,
  },
  'account.refresh': {
    http: http('POST', '/refresh'),
    socket: false,
    caller: 'anyone',
    rates: ['refreshes'],
    input: z.object({ refreshToken: z.string().max(limits.maxBodyBytes) }),
    output: Grant,
  },
  'account.logout': {
    http: http('POST', '/logout', 204),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    input: nothing,
    output: nothing,
  },
  'account.me': {
    http: http('GET', '/me'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    input: nothing,
    output: z.object({ user: User }),
  },
  'user.find': {
    http: http('GET', '/users'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    input: z.object({ query: UserQuery, limit: page(limits.maxUsersPage, limits.usersPage) }),
    output: z.object({ users: z.array(User) }),
  },
  'room.create': {
    http: http('POST', '/rooms', 201),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
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
    rates: ['requests'],
    pages: true,
    input: z.object({
      cursor: Cursor.optional(),
      limit: page(limits.maxRoomsPerUser, limits.maxRoomsPerUser),
    }),
    output: z.object({ rooms: z.array(Room), cursor: z.string().optional() }),
  },
  'room.browse': {
    http: http('GET', '/rooms/public'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
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
    rates: ['requests'],
    input: InRoom,
    output: z.object({ room: Room }),
  },
  'room.update': {
    http: http('PATCH', '/rooms/{room}'),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    input: InRoom.extend({ name: RoomName.optional(), topic: NewTopic.optional() }),
    output: z.object({ room: Room }),
  },
  'room.join': {
    http: http('POST', '/rooms/{room}/join'),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    pages: true,
    input: InRoom.extend({ history: z.int().min(0).max(limits.maxHistoryPage).default(limits.historyPage) }),
    output: z.object({ room: Room, messages: z.array(Message) }),
  },
  'room.leave': {
    http: http('POST', '/rooms/{room}/leave', 204),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    input: InRoom,
    output: nothing,
  },
  'room.invite': {
    http: http('POST', '/rooms/{room}/members', 201),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    input: InRoom.extend({ user: Id }),
    output: z.object({ member: Member }),
  },
  'room.remove': {
    http: http('DELETE', '/rooms/{room}/members/{user}', 204),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    input: InRoom.extend({ user: Id }),
    output: nothing,
  },
  'room.members': {
    http: http('GET', '/rooms/{room}/members'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
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
    rates: ['requests'],
    pages: true,
    input: InRoom.extend({
      after: z.int().min(0),
      limit: page(limits.maxChangesPage, limits.maxChangesPage),
    }),
    output: z.object({ delta: Delta, more: z.boolean() }),
  },
  'room.read': {
    http: http('PUT', '/rooms/{room}/read'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    input: InRoom.extend({ seq: z.int().min(0) }),
    output: z.object({ readSeq: z.int().min(0) }),
  },
  'direct.open': {
    http: http('POST', '/directs'),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    input: z.union([z.object({ user: Id }), z.object({ username: Username })]),
    output: z.object({ room: Room }),
  },
  'message.send': {
    http: http('POST', '/rooms/{room}/messages', 201),
    socket: true,
    caller: 'user',
    rates: ['messages', 'requests'],
    repeats: true,
    input: InRoom.extend({ id: Id, text: Text }),
    output: z.object({ message: Message }),
  },
  'message.history': {
    http: http('GET', '/rooms/{room}/messages'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
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
    rates: ['requests'],
    pages: true,
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
  'token.renew': {
    http: undefined,
    socket: true,
    caller: 'user',
    rates: ['requests'],
    input: z.object({ token: z.string().max(limits.maxFrameBytes) }),
    output: z.object({ expiresAt: Time }),
  },
  ping: {
    http: undefined,
    socket: true,
    caller: 'user',
    rates: ['requests'],
    input: nothing,
    output: z.object({ at: Time }),
  },
} as const satisfies Record<string, OperationDefinition>;

export type OperationDefinition = {
  http: HttpRoute | undefined;
  /** Whether the socket offers it. */
  socket: boolean;
  /** Who may call it: `anyone`, or only a `user` who presents a valid token. */
  caller: 'anyone' | 'user';
  /** How often, all of them. */
  rates: readonly RateName[];
  /** What was done before is answered as it was then, before the rates are looked at. */
  repeats?: true;
  /** The answer may be as large as `limits.maxAnswerBytes`: a connection gets one at a time. */
  pages?: true;
  input: z.ZodType;
  output: z.ZodType;
};

export type OperationName = keyof typeof operations;
/** What a client sends: fields with a default may be left out. */
export type Input<N extends OperationName> = z.input<(typeof operations)[N]['input']>;
/** What the server works with: parsed, defaults filled in. */
export type ParsedInput<N extends OperationName> = z.output<(typeof operations)[N]['input']>;
export type Output<N extends OperationName> = z.output<(typeof operations)[N]['output']>;
