/** What the server says on a socket without being asked, and the envelopes of both directions. */
import { z } from 'zod';
import { type ErrorCode, errorCodes } from './codes.ts';
import { clientLimits } from './limits.ts';
import { Delta, Id, Room, Time, User } from './objects.ts';

const codeNames = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];
const limitFields = Object.fromEntries(Object.keys(clientLimits).map(name => [name, z.int()])) as {
  [Name in keyof typeof clientLimits]: z.ZodInt;
};

export const HelloEvent = z
  .object({
    event: z.literal('hello'),
    protocol: z.int().describe('The number of this protocol.'),
    log: z.string().describe("Names this database's history: under another one, old versions say nothing."),
    connection: Id,
    user: User,
    expiresAt: Time.describe('When the token of this connection expires.'),
    heartbeatMs: z.int(),
    limits: z.object(limitFields),
  })
  .describe('The first frame on every connection.');
export const ChangeEvent = z
  .object({ event: z.literal('change'), ...Delta.shape })
  .describe('A Delta, live. Per room without a hole or an overlap.');
export const JoinedEvent = z
  .object({ event: z.literal('joined'), room: Room })
  .describe('The user came into a room; live from `room.version` + 1 on.');
export const LeftEvent = z
  .object({ event: z.literal('left'), room: Id })
  .describe('The user is out of a room; the Delta that says so came before.');
export const ReadEvent = z
  .object({ event: z.literal('read'), room: Id, seq: z.int().min(0) })
  .describe("The user's own read mark moved, on another connection. Best effort: `sync` has the truth.");
export const DrainingEvent = z
  .object({ event: z.literal('draining'), reconnectInMs: z.int().min(0) })
  .describe(
    'The server is about to stop, and closes its connections in turn. Each client gets a delay of its own, counted from its close, so that they do not all come back at once.',
  );

export const ServerEvent = z.discriminatedUnion('event', [
  HelloEvent,
  ChangeEvent,
  JoinedEvent,
  LeftEvent,
  ReadEvent,
  DrainingEvent,
]);

export const Ref = z
  .union([z.int(), z.string().max(64)])
  .meta({ id: 'Ref', description: 'Chosen by the client; comes back with the answer.' });
export const Request = z.object({
  ref: Ref,
  op: z.string().max(64),
  input: z.unknown().optional(),
});

const retryable = z
  .boolean()
  .describe('False: this will never take effect. True: undecided, ask again; a message with the same id.');
const retryAfterMs = z.int().min(0).optional().describe('How long to wait before that.');

export const SocketError = z
  .object({ code: z.enum(codeNames), message: z.string(), retryable, retryAfterMs })
  .meta({ id: 'SocketError', description: 'An error over the socket.' });
export const Answer = z.union([
  z.object({ ref: Ref, output: z.unknown() }),
  z.object({ ref: Ref, error: SocketError }),
]);

export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(codeNames),
    detail: z.string().describe('For people.'),
    requestId: z.string(),
    retryAfterMs,
  })
  .meta({ id: 'Problem', description: 'An error over HTTP, as `application/problem+json` (RFC 9457).' });

export type HelloEvent = z.infer<typeof HelloEvent>;
export type ChangeEvent = z.infer<typeof ChangeEvent>;
export type JoinedEvent = z.infer<typeof JoinedEvent>;
export type LeftEvent = z.infer<typeof LeftEvent>;
export type ReadEvent = z.infer<typeof ReadEvent>;
export type DrainingEvent = z.infer<typeof DrainingEvent>;
export type ServerEvent = z.infer<typeof ServerEvent>;
export type Ref = z.infer<typeof Ref>;
export type Request = z.infer<typeof Request>;
export type SocketError = z.infer<typeof SocketError>;
export type Answer = z.infer<typeof Answer>;
export type ServerFrame = Answer | ServerEvent;
export type Problem = z.infer<typeof Problem>;
