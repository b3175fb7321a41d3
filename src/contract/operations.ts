/**
 * The operation table: what a client can ask for, by which doors, with what, and what comes back.
 * HTTP and WebSocket are two doors to the same operations; each operation is defined here once and handled once.
 */
import { z } from 'zod';
import type { ErrorCode } from './codes.ts';
import { limits, type RateName } from './limits.ts';
import {
  Account,
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

const page = (max: number, usual: number) =>
  z.int().min(1).max(max).default(usual).describe('How many at most.');
const history = z
  .int()
  .min(0)
  .max(limits.maxHistoryPage)
  .default(limits.historyPage)
  .describe('How many messages of a room at most.');
const nextCursor = z.string().optional().describe('Where the next page begins; absent: this was the last.');
const nothing = z.object({});

const InRoom = z.object({ room: Id });
const OfUser = z.object({ user: Id });

export const SyncedRoom = z
  .discriminatedUnion('reset', [
    z
      .object({ room: Room, reset: z.literal(false), delta: Delta.optional() })
      .describe('What changed above the version that the client holds; no Delta: nothing.'),
    z
      .object({ room: Room, reset: z.literal(true), messages: z.array(Message) })
      .describe('Too much changed: drop what is held. `messages` is the newest page.'),
  ])
  .meta({ id: 'SyncedRoom', description: "One room's part of the answer to `sync`." });
export type SyncedRoom = z.infer<typeof SyncedRoom>;

export const operations = {
  'account.register': {
    summary: 'Makes an account, and signs it in.',
    http: http('POST', '/register', 201),
    socket: false,
    caller: 'anyone',
    rates: ['registrations'],
    cookie: 'sets',
    errors: ['username_taken'],
    input: z.object({ username: Username, password: Password, displayName: DisplayName.optional() }),
    output: Grant,
  },
  'account.login': {
    summary: 'Signs in.',
    http: http('POST', '/login'),
    socket: false,
    caller: 'anyone',
    rates: ['loginsOfAccount', 'loginsOfAddress'],
    cookie: 'sets',
    errors: ['invalid_credentials'],
    input: z.object({ username: Username, password: z.string().max(limits.maxBodyBytes) }),
    output: Grant,
  },
  'account.refresh': {
    summary: 'Gets the next token, and the next refresh token, of a login.',
    http: http('POST', '/refresh'),
    socket: false,
    caller: 'anyone',
    rates: ['refreshes'],
    cookie: 'renews',
    errors: ['unauthorized'],
    input: z.object({ refreshToken: z.string().max(limits.maxBodyBytes) }),
    output: Grant,
  },
  'account.logout': {
    summary: 'Ends the login, or all of the user, and closes the connections.',
    http: http('POST', '/logout', 204),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    cookie: 'clears',
    errors: [],
    input: z.object({
      everywhere: z.boolean().default(false).describe('All logins of the user, on every device.'),
    }),
    output: nothing,
  },
  'account.me': {
    summary: 'Tells who one is.',
    http: http('GET', '/me'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    errors: [],
    input: nothing,
    output: z.object({
      user: User,
      administrator: z.boolean().optional().describe('True for an administrator, absent for everyone else.'),
    }),
  },
  'account.password': {
    summary: "Changes the user's password, and ends their other logins.",
    http: http('PUT', '/me/password', 204),
    socket: true,
    caller: 'user',
    rates: ['loginsOfAccount', 'requests'],
    errors: ['invalid_credentials'],
    input: z.object({
      password: z.string().max(limits.maxBodyBytes).describe('The one until now.'),
      newPassword: Password,
    }),
    output: nothing,
  },
  'account.list': {
    summary: 'Lists accounts by username, all or those whose name begins so.',
    http: http('GET', '/admin/users'),
    socket: true,
    caller: 'administrator',
    rates: ['requests'],
    pages: true,
    errors: ['forbidden'],
    input: z.object({
      query: UserQuery.optional(),
      cursor: Cursor.optional(),
      limit: page(limits.maxListPage, limits.listPage),
    }),
    output: z.object({ accounts: z.array(Account), cursor: nextCursor }),
  },
  'account.get': {
    summary: 'Shows one account.',
    http: http('GET', '/admin/users/{user}'),
    socket: true,
    caller: 'administrator',
    rates: ['requests'],
    errors: ['forbidden', 'not_found'],
    input: OfUser,
    output: z.object({ account: Account }),
  },
  'account.disable': {
    summary: 'Ends all logins of a user, and lets them sign in no more.',
    http: http('PUT', '/admin/users/{user}/disabled', 204),
    socket: true,
    caller: 'administrator',
    rates: ['requests'],
    errors: ['forbidden', 'not_found'],
    input: OfUser,
    output: nothing,
  },
  'account.enable': {
    summary: 'Lets a disabled user sign in again.',
    http: http('DELETE', '/admin/users/{user}/disabled', 204),
    socket: true,
    caller: 'administrator',
    rates: ['requests'],
    errors: ['forbidden', 'not_found'],
    input: OfUser,
    output: nothing,
  },
  'account.promote': {
    summary: 'Makes a user an administrator.',
    http: http('PUT', '/admin/users/{user}/administrator', 204),
    socket: true,
    caller: 'administrator',
    rates: ['requests'],
    errors: ['forbidden', 'not_found'],
    input: OfUser,
    output: nothing,
  },
  'account.demote': {
    summary: 'Makes an administrator a user like the others.',
    http: http('DELETE', '/admin/users/{user}/administrator', 204),
    socket: true,
    caller: 'administrator',
    rates: ['requests'],
    errors: ['forbidden', 'not_found'],
    input: OfUser,
    output: nothing,
  },
  'administrator.claim': {
    summary: "Makes the caller the first administrator, with the code from the server's log.",
    http: http('POST', '/administrator', 204),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    errors: ['forbidden'],
    input: z.object({ code: z.string().max(100) }),
    output: nothing,
  },
  'user.find': {
    summary: 'Finds people by the beginning of their name.',
    http: http('GET', '/users'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: [],
    input: z.object({ query: UserQuery, limit: page(limits.maxUsersPage, limits.usersPage) }),
    output: z.object({ users: z.array(User) }),
  },
  'room.create': {
    summary: 'Makes a room; who makes it owns it. With an `id`, asking again is answered with the same room.',
    http: http('POST', '/rooms', 201),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    errors: ['name_taken', 'id_conflict', 'forbidden'],
    input: z.object({
      id: Id.optional(),
      name: RoomName,
      kind: z.enum(['public', 'private']).default('public'),
      topic: Topic.optional(),
    }),
    output: z.object({ room: Room }),
  },
  'room.list': {
    summary: 'Lists the rooms the user is in, most recently active first.',
    http: http('GET', '/rooms'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: [],
    input: z.object({
      cursor: Cursor.optional(),
      limit: page(limits.maxRoomsPerUser, limits.maxRoomsPerUser),
    }),
    output: z.object({ rooms: z.array(Room), cursor: nextCursor }),
  },
  'room.browse': {
    summary: 'Lists public rooms by name.',
    http: http('GET', '/rooms/public'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: [],
    input: z.object({
      query: RoomQuery.optional(),
      cursor: Cursor.optional(),
      limit: page(limits.maxListPage, limits.listPage),
    }),
    output: z.object({ rooms: z.array(Room), cursor: nextCursor }),
  },
  'room.get': {
    summary: 'Shows a room: any public one, and those the user is in.',
    http: http('GET', '/rooms/{room}'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    errors: ['not_found'],
    input: InRoom,
    output: z.object({ room: Room }),
  },
  'room.update': {
    summary: 'Renames a room, or gives it another topic; for its owner.',
    http: http('PATCH', '/rooms/{room}'),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    errors: ['not_found', 'forbidden', 'name_taken'],
    input: InRoom.extend({ name: RoomName.optional(), topic: NewTopic.optional() }),
    output: z.object({ room: Room }),
  },
  'room.join': {
    summary: 'Comes into a public room, and answers with its last messages.',
    http: http('POST', '/rooms/{room}/join'),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    pages: true,
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({ history }),
    output: z.object({ room: Room, messages: z.array(Message) }),
  },
  'room.leave': {
    summary: 'Leaves a room; the longest-standing member follows an owner.',
    http: http('POST', '/rooms/{room}/leave', 204),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    errors: ['not_found', 'forbidden'],
    input: InRoom,
    output: nothing,
  },
  'room.invite': {
    summary: 'Brings someone into a room; any member may.',
    http: http('POST', '/rooms/{room}/members', 201),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({ user: Id }),
    output: z.object({ member: Member }),
  },
  'room.remove': {
    summary: 'Puts someone out, who comes back only by invitation; for the owner.',
    http: http('DELETE', '/rooms/{room}/members/{user}', 204),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({ user: Id }),
    output: nothing,
  },
  'room.members': {
    summary: 'Lists who is in a room, longest-standing first.',
    http: http('GET', '/rooms/{room}/members'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({
      cursor: Cursor.optional(),
      limit: page(limits.maxListPage, limits.listPage),
    }),
    output: z.object({ members: z.array(Member), cursor: nextCursor }),
  },
  'room.changes': {
    summary: 'Reads what changed in a room above a version, oldest first.',
    http: http('GET', '/rooms/{room}/changes'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({
      after: z.int().min(0).describe('The version from which on to read.'),
      limit: page(limits.maxChangesPage, limits.maxChangesPage),
    }),
    output: z.object({ delta: Delta, more: z.boolean() }),
  },
  'room.read': {
    summary: 'Moves the read mark on; it never goes back.',
    http: http('PUT', '/rooms/{room}/read'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({ seq: z.int().min(0) }),
    output: z.object({ readSeq: z.int().min(0) }),
  },
  'direct.open': {
    summary: 'Opens the direct room with another person: the same one every time, for both.',
    http: http('POST', '/directs'),
    socket: true,
    caller: 'user',
    rates: ['roomChanges', 'requests'],
    errors: ['not_found', 'forbidden'],
    input: z.union([z.object({ user: Id }), z.object({ username: Username })]),
    output: z.object({ room: Room }),
  },
  'message.send': {
    summary: 'Sends a message, once, however often it is asked with the same id.',
    http: http('POST', '/rooms/{room}/messages', 201),
    socket: true,
    caller: 'user',
    rates: ['sends'],
    ratesOfNew: ['messages', 'requests'],
    errors: ['not_found', 'forbidden', 'id_conflict', 'too_large'],
    input: InRoom.extend({ id: Id, text: Text }),
    output: z.object({ message: Message }),
  },
  'message.history': {
    summary: 'Reads messages, ascending: the newest, or those before or after a seq.',
    http: http('GET', '/rooms/{room}/messages'),
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: ['not_found', 'forbidden'],
    input: InRoom.extend({
      before: z.int().min(0).optional().describe('A `seq`. Not together with `after`.'),
      after: z.int().min(0).optional().describe('A `seq`. Not together with `before`.'),
      limit: page(limits.maxHistoryPage, limits.historyPage),
    }).refine(
      input => input.before === undefined || input.after === undefined,
      'give before or after, not both',
    ),
    output: z.object({ messages: z.array(Message), more: z.boolean() }),
  },
  sync: {
    summary: 'Catches up on every room, and goes live.',
    http: undefined,
    socket: true,
    caller: 'user',
    rates: ['requests'],
    pages: true,
    errors: [],
    input: z.object({
      log: z.string().max(200).optional().describe('The log that the versions are of, as `hello` said it.'),
      rooms: z
        .record(Id, z.int().min(0))
        .refine(
          rooms => Object.keys(rooms).length <= 2 * limits.maxRoomsPerUser,
          'names more rooms than a user can have',
        )
        .default({})
        .describe('By room id: the version that the client holds.'),
      history,
    }),
    output: z.object({ rooms: z.array(SyncedRoom), left: z.array(Id) }),
  },
  'token.renew': {
    summary: 'Lets the connection go on with a newer token of the same user.',
    http: undefined,
    socket: true,
    caller: 'user',
    rates: ['requests'],
    errors: ['unauthorized', 'forbidden'],
    input: z.object({ token: z.string().max(limits.maxFrameBytes) }),
    output: z.object({ expiresAt: Time }),
  },
  ping: {
    summary: 'Asks whether the connection is alive.',
    http: undefined,
    socket: true,
    caller: 'user',
    rates: ['requests'],
    errors: [],
    input: nothing,
    output: z.object({ at: Time }),
  },
} as const satisfies Record<string, OperationDefinition>;

export type OperationDefinition = {
  /** What it does, in one sentence. */
  summary: string;
  http: HttpRoute | undefined;
  /** Whether the socket offers it. */
  socket: boolean;
  /** Who may call it: `anyone`, only a `user` who presents a valid token, or only one who is an `administrator`. */
  caller: 'anyone' | 'user' | 'administrator';
  /** How often, all of them. */
  rates: readonly RateName[];
  /** And how often if it wasn't done before: what was, is answered as it was then, however often. */
  ratesOfNew?: readonly RateName[];
  /** What it does over HTTP to the cookie with the refresh token, for who asks by the `refreshTokenHeader`. */
  cookie?: 'sets' | 'renews' | 'clears';
  /** Errors of its own, beside those that any operation can be answered with. */
  errors: readonly ErrorCode[];
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
