import type { ServerFrame } from '../../contract/events.ts';
import type { User } from '../../contract/objects.ts';
import type { SocketLike } from '../runtime.ts';

type Listener = (event: never) => void;

/** What a socket needs of the server behind it. */
export interface SocketHost {
  greet(socket: MemorySocket): void;
  hear(socket: MemorySocket, frame: string): void;
  gone(socket: MemorySocket): void;
}

/** A WebSocket without a network: each frame arrives one microtask after it was sent, in order. */
export class MemorySocket implements SocketLike {
  readonly protocols: readonly string[];
  user: User | undefined;
  login = '';
  /** Gets every change, since it has synced. */
  isLive = false;
  readonly #host: SocketHost;
  readonly #listeners = new Map<string, Listener[]>();
  #isOpen = true;

  constructor(host: SocketHost, protocols: readonly string[]) {
    this.#host = host;
    this.protocols = protocols;
    queueMicrotask(() => this.#isOpen && host.greet(this));
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string): void {
    queueMicrotask(() => this.#isOpen && this.#host.hear(this, data));
  }

  close(code = 1000, reason = ''): void {
    this.end(code, reason);
  }

  /** From the server's end: the handshake is accepted. */
  open(): void {
    this.#emit('open', {});
  }

  /** From the server's end: a frame. */
  push(frame: ServerFrame): void {
    const data = JSON.stringify(frame);
    queueMicrotask(() => this.#isOpen && this.#emit('message', { data }));
  }

  /** From either end: it is over, after what was sent before. */
  end(code: number, reason: string): void {
    queueMicrotask(() => {
      if (!this.#isOpen) return;
      this.#isOpen = false;
      this.#host.gone(this);
      this.#emit('close', { code, reason });
    });
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}
