/**
 * Requests and answers on one socket: parsed once, started in order of arrival, no more at a time than is healthy.
 * Where that is too many, the socket isn't read, and the sender has to wait.
 */
import type { WebSocket } from 'ws';
import { closeCodes } from '../../contract/codes.ts';
import { Ref, Request, type SocketError } from '../../contract/events.ts';
import { limits } from '../../contract/limits.ts';
import { type OperationDefinition, operations } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Hub } from '../live/hub.ts';
import type { Session } from '../live/session.ts';
import type { Metrics } from '../metrics.ts';
import type { CallingSocket, Identity } from '../operations/caller.ts';
import { type Dispatch, isOperationName } from '../operations/dispatch.ts';

const malformedWindowMs = 60_000;
const maxPingsUnanswered = 2;

/** What an answer may have besides what its request had: a message's goes back as it came, others are small. */
const answerBytes = 2 * 1024;

/** A frame, how long it was, and whether its answer may be a large one. */
type Arrived = { json: unknown; bytes: number; pages: boolean };

/** What a conversation needs of those around it. */
export type ConversationParts = {
  hub: Hub;
  dispatch: Dispatch;
  metrics: Pick<Metrics, 'frames' | 'bytes'>;
};

/** Who came: what rates by address count by, and when the token of the handshake expires. */
export type Arrival = { address: string; expiresAt: Date };

export class Conversation {
  readonly #webSocket: WebSocket;
  readonly #session: Session;
  readonly #parts: ConversationParts;
  readonly #address: string;
  readonly #heartbeat: NodeJS.Timeout;
  /** By this process's clock, in ms. */
  #expiresAt = 0;
  /** Set when it is due before the next heartbeat. */
  #expiry: NodeJS.Timeout | undefined;
  /** Arrived and not started. Short: the socket isn't read while there are any. */
  readonly #arrived: Arrived[] = [];
  #inFlight = 0;
  /** What the answers to those in flight may have at most, but for pages. */
  #owedBytes = 0;
  /** A request is in flight whose answer may be a large one. */
  #isPaging = false;
  #pingsUnanswered = 0;
  /** When the latest malformed frames came, the oldest first. */
  #malformedAt: number[] = [];

  constructor(
    webSocket: WebSocket,
    session: Session,
    { address, expiresAt }: Arrival,
    parts: ConversationParts,
  ) {
    this.#webSocket = webSocket;
    this.#session = session;
    this.#parts = parts;
    this.#address = address;
    this.#expireAt(expiresAt);
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      parts.metrics.bytes.add('in', data.length);
      if (isBinary) session.close(closeCodes.unsupportedData, 'text frames only');
      // What follows the end of a conversation isn't part of it.
      if (session.phase === 'closed') return;
      const json = parseJson(data);
      this.#arrived.push({ json, bytes: data.length, pages: mayAnswerPages(json) });
      this.proceed();
    });
    webSocket.on('pong', () => {
      this.#pingsUnanswered = 0;
    });
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Starts what may start; reads on when nothing is left. To be called whenever there may be room again. */
  proceed(): void {
    for (let [next] = this.#arrived; next !== undefined && this.#mayStart(next); [next] = this.#arrived) {
      this.#arrived.shift();
      this.#start(next);
    }
    // Nothing more is performed, but the peer's own close is among what wasn't read.
    if (this.#session.phase === 'closed') this.#arrived.length = 0;
    if (this.#arrived.length > 0) this.#webSocket.pause();
    else if (this.#webSocket.isPaused) {
      // Pongs may be among what wasn't read.
      this.#pingsUnanswered = 0;
      this.#webSocket.resume();
    }
  }

  end(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#expiry);
    this.#arrived.length = 0;
  }

  #mayStart({ pages }: Arrived): boolean {
    return (
      this.#session.phase !== 'closed' &&
      this.#inFlight < limits.maxRequestsInFlight &&
      this.#session.unsentBytes() + this.#owedBytes <= limits.maxUnsentBeforeReading &&
      !(this.#isPaging && pages)
    );
  }

  #start(arrived: Arrived): void {
    const request = Request.safeParse(arrived.json);
    this.#parts.metrics.frames.in.add(frameLabel(request.data?.op));
    if (request.success) void this.#perform(request.data, arrived);
    else this.#malformed(arrived.json);
  }

  async #perform({ ref, op, input }: Request, { bytes, pages }: Arrived): Promise<void> {
    const owedBytes = bytes + answerBytes;
    this.#inFlight += 1;
    this.#owedBytes += owedBytes;
    this.#isPaging ||= pages;
    const session = this.#session;
    const { user, login } = session;
    let afterAnswer: (() => void) | undefined;
    const socket: CallingSocket = {
      session,
      afterAnswer: then => {
        afterAnswer = then;
      },
      renew: identity => this.#renew(identity),
    };
    try {
      if (!isOperationName(op) || !operations[op].socket) {
        throw new OperationError('bad_request', 'no such operation on a socket');
      }
      const caller = { user, login, address: this.#address, socket };
      const output = await this.#parts.dispatch(op, input ?? {}, caller);
      session.answer({ ref, output });
      afterAnswer?.();
    } catch (error) {
      session.answer({ ref, error: socketError(error) });
    }
    this.#inFlight -= 1;
    this.#owedBytes -= owedBytes;
    if (pages) this.#isPaging = false;
    this.proceed();
  }

  #renew({ login, expiresAt }: Identity): void {
    if (this.#session.phase === 'closed') return;
    this.#parts.hub.adopt(this.#session, login);
    this.#expireAt(expiresAt);
  }

  #expireAt(expiresAt: Date): void {
    this.#expiresAt = expiresAt.getTime();
    this.#watchExpiry();
  }

  /** Each heartbeat looks again: a timer of its own, for each of many connections, is for the last moments only. */
  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const leftMs = this.#expiresAt - Date.now();
    if (leftMs > limits.heartbeatMs) return;
    this.#expiry = setTimeout(
      () => this.#session.close(closeCodes.tokenExpired, 'the token has expired'),
      leftMs,
    );
    this.#expiry.unref();
  }

  #malformed(json: unknown): void {
    const ref = Ref.safeParse((json as { ref?: unknown } | null)?.ref);
    if (ref.success) {
      const error = new OperationError('bad_request', 'a request has a ref, an op and an input');
      this.#session.answer({ ref: ref.data, error: socketError(error) });
      return;
    }
    const now = performance.now();
    this.#malformedAt = [...this.#malformedAt.filter(at => at > now - malformedWindowMs), now];
    if (this.#malformedAt.length >= limits.maxMalformedPerMinute) {
      this.#session.close(closeCodes.protocolAbuse, 'too many malformed frames');
    }
  }

  #beat(): void {
    this.#watchExpiry();
    // Who isn't read can't be heard answering.
    if (this.#webSocket.isPaused) return;
    if (this.#pingsUnanswered >= maxPingsUnanswered) {
      this.#session.close(closeCodes.heartbeatLost, 'no pong');
      return;
    }
    this.#pingsUnanswered += 1;
    this.#webSocket.ping();
  }
}

/** What a frame asks for; a name that is none of ours is counted with the others of its kind. */
function frameLabel(op: string | undefined): string {
  if (op === undefined) return 'malformed';
  return isOperationName(op) ? op : 'unknown';
}

function mayAnswerPages(json: unknown): boolean {
  const { op } = (json ?? {}) as { op?: unknown };
  if (typeof op !== 'string' || !isOperationName(op)) return false;
  const { pages }: OperationDefinition = operations[op];
  return pages === true;
}

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    return undefined;
  }
}

function socketError(error: unknown): SocketError {
  const { code, message, retryable, retryAfterMs } =
    error instanceof OperationError ? error : new OperationError('internal');
  return { code, message, retryable, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
