/** What the server says on a socket without being asked, and the envelopes of both directions. */
import { z } from 'zod';
import { type ErrorCode, errorCodes } from './codes.ts';
import { clientLimits } from './limits.ts';
import { Delta, Id, Room, Time, User } from './objects.ts';

const codeNames = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];
const limitFields = Object.keys(clientLimits) as (keyof typeof clientLimits)[];

/** First frame on every connection. `log` names this database's history: another one means that old versions say nothing. */
export const HelloEvent = z.object({
  event: z.literal('hello'),
  protocol: z.int(),
  log: z.string(),
  connection: Id,
  user: User,
  /** When the token of this connection expires. */
  expiresAt: Time,
  heartbeatMs: z.int(),
  limits: z.record(z.enum(limitFields), z.int()),
});
/** A Delta, live. Per room without a hole or an overlap. */
export const ChangeEvent = z.object({ event: z.literal('change'), ...Delta.shape });
/** The user came into a room; live from `room.version + 1` on. */
export const JoinedEvent = z.object({ event: z.literal('joined'), room: Room });
/** The user is out of a room; the Delta that says so came before. */
export const LeftEvent = z.object({ event: z.literal('left'), room: Id });
/** The user's own read mark moved, on another connection. Best effort: `sync` has the truth. */
export const ReadEvent = z.object({ event: z.literal('read'), room: Id, seq: z.int().min(0) });
/** The server is about to stop. Each client gets a delay of its own, so that they don't all come back at once. */
export const DrainingEvent = z.object({ event: z.literal('draining'), reconnectInMs: z.int().min(0) });

export const ServerEvent = z.discriminatedUnion('event', [
  HelloEvent,
  ChangeEvent,
  JoinedEvent,
  LeftEvent,
  ReadEvent,
  DrainingEvent,
]);

/** A request: `ref` is chosen by the client and comes back with the answer. */
export const Ref = z.union([z.int(), z.string().max(64)]);
export const Request = z.object({
  ref: Ref,
  op: z.string().max(64),
  input: z.unknown().optional(),
});

export const SocketError = z.object({
  code: z.enum(codeNames),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.int().min(0).optional(),
});
export const Answer = z.union([
  z.object({ ref: Ref, output: z.unknown() }),
  z.object({ ref: Ref, error: SocketError }),
]);

/** An error over HTTP, as `application/problem+json` (RFC 9457). */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(codeNames),
  detail: z.string(),
  requestId: z.string(),
  retryAfterMs: z.int().min(0).optional(),
});

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
