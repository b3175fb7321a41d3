/** One example of everything that crosses the wire, for documents; held against the schemas by a test. */
import { protocolVersion } from './codes.ts';
import type { ServerEvent, SocketError } from './events.ts';
import { clientLimits, limits } from './limits.ts';
import type { Delta, Grant, Member, Message, Room, User } from './objects.ts';
import type { Input, OperationName, Output } from './operations.ts';

const at = '2026-03-14T15:09:26.535Z';
const token = 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTljZWQxMCJ9.4rJb7u2m';
const refreshToken = 'eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJnZW4iOjF9.Zk1c9xQw';
const expiresAt = '2026-03-14T15:24:26.000Z';
const log = '7513890134226783257-1';

const ana: User = {
  id: '019ced10-7a00-7000-8000-00000000000a',
  username: 'ana',
  displayName: 'Ana',
  createdAt: at,
};
const bruno: User = {
  id: '019ced10-7a00-7000-8000-00000000000b',
  username: 'bruno',
  displayName: 'Bruno',
  createdAt: at,
};
const plans: Room = {
  id: '019ced10-7a00-7000-8000-000000000001',
  kind: 'private',
  name: 'plans',
  topic: 'What comes next',
  createdAt: at,
  memberCount: 2,
  lastSeq: 1,
  version: 3,
  role: 'owner',
  readSeq: 1,
};
const direct: Room = {
  id: '019ced10-7a00-7000-8000-000000000002',
  kind: 'direct',
  name: null,
  createdAt: at,
  memberCount: 2,
  lastSeq: 0,
  version: 2,
  role: 'member',
  readSeq: 0,
  peer: bruno,
};
const { role, readSeq, ...general } = {
  ...plans,
  kind: 'public' as const,
  name: 'general',
  topic: 'Everything',
};
const message: Message = {
  id: '019ced10-7a00-7000-8000-0000000000f1',
  seq: 1,
  version: 3,
  sender: { id: ana.id, username: ana.username, displayName: ana.displayName },
  text: 'Olá!',
  at,
};
const member: Member = { user: bruno, role: 'member', in: true, at, version: 2 };
const delta: Delta = { room: plans.id, from: 3, version: 3, messages: [message] };
const grant: Grant = { user: ana, token, expiresAt, refreshToken };

const inRoom = { room: plans.id };

export const operationExamples: { [N in OperationName]: { input: Input<N>; output: Output<N> } } = {
  'account.register': {
    input: { username: 'ana', password: 'correct horse', displayName: 'Ana' },
    output: grant,
  },
  'account.login': { input: { username: 'ana', password: 'correct horse' }, output: grant },
  'account.refresh': { input: { refreshToken }, output: grant },
  'account.logout': { input: { everywhere: true }, output: {} },
  'account.me': { input: {}, output: { user: ana, administrator: true } },
  'account.password': {
    input: { password: 'correct horse', newPassword: 'battery staple' },
    output: {},
  },
  'account.list': {
    input: { query: 'br', limit: 50 },
    output: { accounts: [{ user: bruno, administrator: false, disabledAt: at }], cursor: 'bruno' },
  },
  'account.get': {
    input: { user: bruno.id },
    output: { account: { user: bruno, administrator: true } },
  },
  'account.disable': { input: { user: bruno.id }, output: {} },
  'account.enable': { input: { user: bruno.id }, output: {} },
  'account.promote': { input: { user: bruno.id }, output: {} },
  'account.demote': { input: { user: bruno.id }, output: {} },
  'administrator.claim': { input: { code: 'q3Hc0zV1mS8xJ5uT2rWb7kNf' }, output: {} },
  'user.find': { input: { query: 'br', limit: 10 }, output: { users: [bruno] } },
  'room.create': {
    input: { name: 'plans', kind: 'private', topic: 'What comes next' },
    output: { room: plans },
  },
  'room.list': { input: {}, output: { rooms: [plans, direct] } },
  'room.browse': { input: { query: 'gen' }, output: { rooms: [general], cursor: 'general' } },
  'room.get': { input: inRoom, output: { room: plans } },
  'room.update': { input: { ...inRoom, topic: 'What comes next' }, output: { room: plans } },
  'room.join': { input: { ...inRoom, history: 20 }, output: { room: plans, messages: [message] } },
  'room.leave': { input: inRoom, output: {} },
  'room.invite': { input: { ...inRoom, user: bruno.id }, output: { member } },
  'room.remove': { input: { ...inRoom, user: bruno.id }, output: {} },
  'room.members': { input: { ...inRoom, limit: 50 }, output: { members: [member], cursor: '2' } },
  'room.changes': { input: { ...inRoom, after: 2 }, output: { delta, more: false } },
  'room.read': { input: { ...inRoom, seq: 1 }, output: { readSeq: 1 } },
  'direct.open': { input: { username: 'bruno' }, output: { room: direct } },
  'message.send': { input: { ...inRoom, id: message.id, text: message.text }, output: { message } },
  'message.history': {
    input: { ...inRoom, before: 2, limit: 50 },
    output: { messages: [message], more: false },
  },
  sync: {
    input: { log, rooms: { [plans.id]: 2 } },
    output: { rooms: [{ room: plans, reset: false, delta }], left: [] },
  },
  'token.renew': { input: { token }, output: { expiresAt } },
  ping: { input: {}, output: { at } },
};

export const eventExamples: { [E in ServerEvent as E['event']]: E } = {
  hello: {
    event: 'hello',
    protocol: protocolVersion,
    log,
    connection: '019ced10-7a00-7000-8000-0000000000c1',
    user: ana,
    expiresAt,
    heartbeatMs: limits.heartbeatMs,
    limits: clientLimits,
  },
  change: { event: 'change', ...delta },
  joined: { event: 'joined', room: plans },
  left: { event: 'left', room: plans.id },
  read: { event: 'read', room: plans.id, seq: 1 },
  draining: { event: 'draining', reconnectInMs: 412 },
};

export const errorExample: SocketError = {
  code: 'rate_limited',
  message: 'Too many requests',
  retryable: true,
  retryAfterMs: 350,
};
export const requestIdExample = '019ced10-7a00-7000-8000-0000000000e1';
