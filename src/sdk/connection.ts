import { closeCodes } from '../contract/codes.ts';
import type { Answer, ServerEvent, ServerFrame } from '../contract/events.ts';
import { limits } from '../contract/limits.ts';
import type { Input, OperationName, Output, operations } from '../contract/operations.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import type { Clock, SocketLike } from './runtime.ts';

/** The operations that the socket offers. */
export type SocketOperation = {
  [N in OperationName]: (typeof operations)[N]['socket'] extends true ? N : never;
}[OperationName];

export type Hello = Extract<ServerEvent, { event: 'hello' }>;
export type LaterEvent = Exclude<ServerEvent, Hello>;
export type RoomEvent = Exclude<LaterEvent, { event: 'draining' }>;

/** How a connection ended. `refused`: the server, or something before it, closed it before it was open. */
export interface Ending {
  code: number;
  reason: string;
  refused: boolean;
}

export interface ConnectionHandlers {
  hello(hello: Hello): void;
  event(event: LaterEvent): void;
  /** Called once. */
  end(ending: Ending): void;
  /** A frame that isn't of the contract. */
  oddity(error: ChatError): void;
}

interface Pending {
  op: SocketOperation;
  resolve: (output: unknown) => void;
  reject: (error: ChatError) => void;
  cancelTimeout: () => void;
}

/** After one of these the same request would close the next connection as well, and so on for ever. */
const poisonCodes: ReadonlySet<number> = new Set([
  closeCodes.protocolError,
  closeCodes.unsupportedData,
  closeCodes.invalidPayload,
  closeCodes.tooLarge,
]);
/** What a WebSocket says when there was no close frame. */
const abnormalClosure = 1006;

/** The life of one WebSocket: hello, requests and their answers, heartbeat, end. */
export class Connection {
  readonly #socket: SocketLike;
  readonly #clock: Clock;
  readonly #handlers: ConnectionHandlers;
  readonly #pending = new Map<Answer['ref'], Pending>();
  #nextRef = 1;
  #isOpen = false;
  #hello: Hello | undefined;
  #ended = false;
  #heardAt = 0;
  #cancelTimer: () => void;

  constructor(socket: SocketLike, clock: Clock, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#cancelTimer = clock.after(defaults.helloTimeoutMs, () => this.close('no hello in time'));
    socket.addEventListener('open', () => {
      this.#isOpen = true;
    });
    socket.addEventListener('message', ({ data }) => this.#hear(data));
    socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason, !this.#isOpen));
    // Some runtimes say no `close` after a handshake that failed.
    socket.addEventListener('error', () => {
      if (!this.#isOpen) this.#end(abnormalClosure, '', true);
    });
  }

  /**
   * Asks for one operation. Rejects with a ChatError; a retryable one says that the request is undecided: the connection
   * ended, or nobody answered.
   */
  request<N extends SocketOperation>(op: N, input: Input<N>): Promise<Output<N>> {
    const { promise, resolve, reject } = Promise.withResolvers<Output<N>>();
    const ref = this.#nextRef++;
    const frame = JSON.stringify({ ref, op, input });
    if (this.#ended) {
      reject(new ChatError('unavailable', 'not connected'));
    } else if (isLongerThan(frame, this.#hello?.limits.maxFrameBytes ?? limits.maxFrameBytes)) {
      // The server would close the connection for it.
      reject(new ChatError('too_large', `the request is longer than the server takes`));
    } else {
      const cancelTimeout = this.#clock.after(defaults.requestTimeoutMs, () => {
        this.#pending.delete(ref);
        reject(new ChatError('timeout', `no answer to ${op}`));
      });
      this.#pending.set(ref, { op, resolve: output => resolve(output as Output<N>), reject, cancelTimeout });
      this.#socket.send(frame);
    }
    return promise;
  }

  /** Ends it from this side, at once: a socket whose peer is gone may take minutes to say `close`. */
  close(reason: string, code: number = closeCodes.normal): void {
    // A reason of more than 123 bytes would throw.
    this.#socket.close(code, reason.slice(0, 40));
    this.#end(code, reason, false);
  }

  #hear(data: unknown): void {
    if (this.#ended) return;
    this.#heardAt = this.#clock.now();
    try {
      const frame: ServerFrame = JSON.parse(String(data));
      if ('ref' in frame) this.#answer(frame);
      else if (frame.event !== 'hello') this.#handlers.event(frame);
      else if (!this.#hello) this.#greet(frame);
    } catch (cause) {
      this.#handlers.oddity(new ChatError('internal', 'the server sent an unexpected frame', { cause }));
    }
  }

  #greet(hello: Hello): void {
    this.#hello = hello;
    this.#cancelTimer();
    this.#listenFor(hello.heartbeatMs);
    this.#handlers.hello(hello);
  }

  #answer(answer: Answer): void {
    const pending = this.#pending.get(answer.ref);
    if (!pending) return;
    this.#pending.delete(answer.ref);
    pending.cancelTimeout();
    if ('error' in answer) pending.reject(ChatError.from(answer.error));
    else pending.resolve(answer.output);
  }

  /** The heartbeat: one timer, however many frames come. */
  #listenFor(ms: number): void {
    const heartbeatMs = this.#hello?.heartbeatMs ?? limits.heartbeatMs;
    this.#cancelTimer = this.#clock.after(ms, () => {
      const silentMs = Math.max(0, this.#clock.now() - this.#heardAt);
      if (silentMs < heartbeatMs) this.#listenFor(heartbeatMs - silentMs);
      else this.#ping(heartbeatMs);
    });
  }

  #ping(heartbeatMs: number): void {
    const askedAt = this.#clock.now();
    this.request('ping', {}).catch(() => undefined);
    this.#cancelTimer = this.#clock.after(limits.pingTimeoutMs, () => {
      if (this.#heardAt < askedAt) this.close('nothing heard', closeCodes.heartbeatLost);
      else this.#listenFor(heartbeatMs);
    });
  }

  #end(code: number, reason: string, refused: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer();
    const poison = poisonCodes.has(code) ? this.#lastRequest() : undefined;
    for (const pending of this.#pending.values()) {
      pending.cancelTimeout();
      pending.reject(
        pending === poison ? poisonError(code, reason) : new ChatError('unavailable', 'connection lost'),
      );
    }
    this.#pending.clear();
    this.#handlers.end({ code, reason, refused });
  }

  #lastRequest(): Pending | undefined {
    return [...this.#pending.values()].filter(({ op }) => op !== 'ping').at(-1);
  }
}

function poisonError(code: number, reason: string): ChatError {
  return new ChatError(
    code === closeCodes.tooLarge ? 'too_large' : 'bad_request',
    `the server closed the connection at this request: ${code} ${reason}`.trim(),
  );
}

function isLongerThan(text: string, maxBytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8.
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}
