/**
 * The way of a session's bytes. Frames are encoded once and written past `ws`, which would frame them anew for each
 * receiver. That is sound because `ws` writes each of its own frames (pongs, pings, close) in one piece.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Wire } from '../live/session.ts';

export class SocketWire implements Wire {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;

  /** @param socket the one beneath the WebSocket. */
  constructor(webSocket: WebSocket, socket: Duplex) {
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  write(chunks: readonly Buffer[]): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    if (chunks.length > 1) this.#socket.uncork();
  }

  unsentBytes(): number {
    return this.#socket.writableLength;
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }
}
