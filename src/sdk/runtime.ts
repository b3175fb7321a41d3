/** What the SDK takes from its surroundings: a clock, randomness, a WebSocket, fetch. Tests bring their own. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `run` once, after `ms` milliseconds. Returns a function that cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** The part of the standard WebSocket that the SDK uses. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;
export type Fetch = typeof globalThis.fetch;

export interface Runtime {
  clock: Clock;
  /** A number from 0 to less than 1, for the jitter of the back-off. */
  random: () => number;
  WebSocket: SocketConstructor | undefined;
  fetch: Fetch;
  /** Makes the id of an outgoing message. */
  newId: () => string;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    // Timers count in 31 bits: what is longer would run at once.
    const timer = setTimeout(run, Math.min(ms, 0x7fff_ffff));
    return () => clearTimeout(timer);
  },
};
