import assert from 'node:assert/strict';
import type { HelloEvent, Request, ServerEvent, SocketError } from '../../src/contract/events.ts';
import { clientLimits } from '../../src/contract/limits.ts';
import type { OperationName, Output } from '../../src/contract/operations.ts';
import type { SocketConstructor, SocketLike } from '../../src/sdk/index.ts';
import { settle } from './fake-clock.ts';

type Listener = (event: never) => void;

/** A WebSocket whose other end is the test. */
export class FakeSocket implements SocketLike {
  readonly url: string;
  readonly protocols: string[];
  /** Requests that were sent and not answered, oldest first. */
  readonly unanswered: Request[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string): void {
    this.unanswered.push(JSON.parse(data));
  }

  /** As strict as the standard is. */
  close(code = 1000, reason = ''): void {
    assert.ok(code === 1000 || (code >= 3000 && code <= 4999), `InvalidAccessError: ${code}`);
    assert.ok(Buffer.byteLength(reason) <= 123, 'SyntaxError: the reason is too long');
    this.closed ??= { code, reason };
  }

  open(): void {
    this.#emit('open', {});
  }

  /** The server's end sends, without anything else happening in between. */
  push(...frames: (ServerEvent | object | string)[]): void {
    for (const frame of frames) {
      this.#emit('message', { data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
    }
  }

  async receive(...frames: (ServerEvent | object | string)[]): Promise<void> {
    this.push(...frames);
    await settle();
  }

  async drop(code = 1006, reason = ''): Promise<void> {
    this.closed ??= { code, reason };
    this.#emit('error', {});
    this.#emit('close', { code, reason });
    await settle();
  }

  /** The inputs of the unanswered requests for `op`. */
  inputs(op: OperationName): unknown[] {
    return this.unanswered.filter(request => request.op === op).map(({ input }) => input);
  }

  /** The frame that answers the oldest unanswered request for `op`. */
  answerTo<N extends OperationName>(op: N, output: Output<N>): object {
    return { ref: this.#take(op).ref, output };
  }

  async answer<N extends OperationName>(op: N, output: Output<N>): Promise<void> {
    await this.receive(this.answerTo(op, output));
  }

  async refuse(op: OperationName, error: Omit<SocketError, 'message'> & { message?: string }): Promise<void> {
    await this.receive({ ref: this.#take(op).ref, error: { message: error.code, ...error } });
  }

  #take(op: OperationName): Request {
    const at = this.unanswered.findIndex(request => request.op === op);
    const [request] = at < 0 ? [] : this.unanswered.splice(at, 1);
    assert.ok(request, `no unanswered ${op}`);
    return request;
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

/** All sockets that a client opened. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  readonly WebSocket: SocketConstructor;

  constructor() {
    const { sockets } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
  }

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    assert.ok(socket, 'no socket was opened');
    return socket;
  }
}

export const ana = {
  id: 'user-ana',
  username: 'ana',
  displayName: 'Ana',
  createdAt: '2026-01-01T00:00:00.000Z',
};
export const bruno = { ...ana, id: 'user-bruno', username: 'bruno', displayName: 'Bruno' };

export function hello(more: Partial<HelloEvent> = {}): HelloEvent {
  return {
    event: 'hello',
    protocol: 1,
    log: 'log-1',
    connection: 'connection-1',
    user: ana,
    expiresAt: '2026-01-01T01:00:00.000Z',
    heartbeatMs: 30_000,
    limits: clientLimits,
    ...more,
  };
}
