/**
 * Requests and answers on one socket: parsed once, started in order of arrival, no more at a time than is healthy.
 * Where that is too many, the socket isn't read, and the sender has to wait.
 */
import type { WebSocket } from 'ws';
import { closeCodes } from '../../contract/codes.ts';
import { Ref, Request, type SocketError } from '../../contract/events.ts';
import { limits } from '../../contract/limits.ts';
import { operations } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import type { Session } from '../live/session.ts';
import { type Dispatch, isOperationName } from '../operations/dispatch.ts';

const malformedWindowMs = 60_000;
const maxPingsUnanswered = 2;

export class Conversation {
  readonly #webSocket: WebSocket;
  readonly #session: Session;
  readonly #dispatch: Dispatch;
  readonly #heartbeat: NodeJS.Timeout;
  /** Arrived and not started. Short: the socket isn't read while there are any. */
  readonly #arrived: Buffer[] = [];
  #inFlight = 0;
  #pingsUnanswered = 0;
  /** When the latest malformed frames came, the oldest first. */
  #malformedAt: number[] = [];

  constructor(webSocket: WebSocket, session: Session, dispatch: Dispatch) {
    this.#webSocket = webSocket;
    this.#session = session;
    this.#dispatch = dispatch;
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) session.close(closeCodes.unsupportedData, 'text frames only');
      // What follows the end of a conversation isn't part of it.
      if (session.phase === 'closed') return;
      this.#arrived.push(data);
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
    while (this.#arrived.length > 0 && this.#mayStart()) {
      const data = this.#arrived.shift();
      if (data !== undefined) this.#start(data);
    }
    if (this.#arrived.length > 0) this.#webSocket.pause();
    else if (this.#webSocket.isPaused) {
      // Pongs may be among what wasn't read.
      this.#pingsUnanswered = 0;
      this.#webSocket.resume();
    }
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.#arrived.length = 0;
  }

  #mayStart(): boolean {
    return (
      this.#session.phase !== 'closed' &&
      this.#inFlight < limits.maxRequestsInFlight &&
      this.#session.unsentBytes() <= limits.maxUnsentBeforeReading
    );
  }

  #start(data: Buffer): void {
    const json = parseJson(data);
    const request = Request.safeParse(json);
    if (request.success) void this.#perform(request.data);
    else this.#malformed(json);
  }

  async #perform({ ref, op, input }: Request): Promise<void> {
    this.#inFlight += 1;
    const session = this.#session;
    let afterAnswer: (() => void) | undefined;
    const socket = {
      session,
      afterAnswer: (then: () => void) => {
        afterAnswer = then;
      },
    };
    try {
      if (!isOperationName(op) || !operations[op].socket) {
        throw new OperationError('bad_request', 'no such operation on a socket');
      }
      const output = await this.#dispatch(op, input ?? {}, { user: session.user, socket });
      if (session.answer({ ref, output })) afterAnswer?.();
    } catch (error) {
      session.answer({ ref, error: socketError(error) });
    }
    this.#inFlight -= 1;
    this.proceed();
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
