/** What the server says on a socket without being asked, and the envelopes of both directions. */
import { z } from 'zod';
import type { ErrorCode } from './codes.ts';
import type { clientLimits } from './limits.ts';
import type { Delta, Room, User } from './objects.ts';

/** First frame on every connection. `log` names this database's history: another one means that old versions say nothing. */
export type HelloEvent = {
  event: 'hello';
  protocol: number;
  log: string;
  connection: string;
  user: User;
  /** When the token of this connection expires. */
  expiresAt: string;
  heartbeatMs: number;
  limits: typeof clientLimits;
};
/** A Delta, live. Per room without a hole or an overlap. */
export type ChangeEvent = { event: 'change' } & Delta;
/** The user came into a room; live from `room.version + 1` on. */
export type JoinedEvent = { event: 'joined'; room: Room };
/** The user is out of a room; the Delta that says so came before. */
export type LeftEvent = { event: 'left'; room: string };

export type ServerEvent = HelloEvent | ChangeEvent | JoinedEvent | LeftEvent;

/** A request: `ref` is chosen by the client and comes back with the answer. */
export const Ref = z.union([z.int(), z.string().max(64)]);
export const Request = z.object({
  ref: Ref,
  op: z.string().max(64),
  input: z.unknown().optional(),
});
export type Ref = z.infer<typeof Ref>;
export type Request = z.infer<typeof Request>;

export type SocketError = { code: ErrorCode; message: string; retryable: boolean; retryAfterMs?: number };
export type Answer = { ref: Ref; output: unknown } | { ref: Ref; error: SocketError };
export type ServerFrame = Answer | ServerEvent;

/** An error over HTTP, as `application/problem+json` (RFC 9457). */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  requestId: string;
  retryAfterMs?: number;
};
