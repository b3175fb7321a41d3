/** A session: the server's end of one WebSocket. It knows bytes and rooms, and nothing of how the bytes travel. */
import { closeCodes } from '../../contract/codes.ts';
import type { Answer, ServerEvent } from '../../contract/events.ts';
import { limits } from '../../contract/limits.ts';
import type { User } from '../../contract/objects.ts';
import type { Metrics } from '../metrics.ts';
import { textFrame } from './frame.ts';
import type { Subscription } from './subscription.ts';
import type { Turn } from './turn.ts';

/** Where a session's bytes go. */
export type Wire = {
  /** Hands bytes over, all at once. */
  write(chunks: readonly Buffer[]): void;
  /** Bytes handed over that the network hasn't taken yet. */
  unsentBytes(): number;
  close(code: number, reason: string): void;
};

/** `silent`: gets no room's changes yet; `syncing`: being told what it missed; `live`: gets every change. */
export type SessionPhase = 'silent' | 'syncing' | 'live' | 'closed';

/** What a session is to be told after a sync: rooms that its user came into, and read marks that moved, by room. */
export type Meanwhile = { readonly came: Set<string>; readonly read: Map<string, number> };

type SessionMetrics = Pick<Metrics, 'frames' | 'bytes' | 'slowReaders'>;

export class Session {
  readonly id: string;
  readonly user: User;
  /** Whose token the connection goes by. */
  login: string;
  /** By room. */
  readonly subscriptions = new Map<string, Subscription>();
  /** While a sync is under way. */
  meanwhile: Meanwhile | undefined;
  phase: SessionPhase = 'silent';
  readonly #wire: Wire;
  readonly #turn: Turn;
  readonly #metrics: SessionMetrics;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(id: string, user: User, login: string, wire: Wire, turn: Turn, metrics: SessionMetrics) {
    this.id = id;
    this.user = user;
    this.login = login;
    this.#wire = wire;
    this.#turn = turn;
    this.#metrics = metrics;
  }

  say(frame: ServerEvent): boolean {
    const isSent = this.push(textFrame(JSON.stringify(frame)));
    if (isSent) this.#metrics.frames.out.add(frame.event);
    return isSent;
  }

  /** An answer was asked for: it is not held against a reader, whose further requests wait until it is read. */
  answer(frame: Answer): boolean {
    if (this.phase === 'closed') return false;
    this.#queue(textFrame(JSON.stringify(frame)));
    this.#metrics.frames.out.add('answer');
    return true;
  }

  /**
   * Queues bytes for the end of this turn.
   * @returns false when they won't be sent: the session is closed, or is being closed because its reader is too slow.
   */
  push(bytes: Buffer): boolean {
    if (this.phase === 'closed') return false;
    // Much may arise in one turn: only what the network doesn't take makes a reader slow.
    if (this.unsentBytes() + bytes.length > limits.maxUnsentBytes) this.flush();
    if (this.unsentBytes() + bytes.length > limits.maxUnsentBytes) {
      this.#metrics.slowReaders.inc();
      this.close(closeCodes.slowReader, 'slow reader');
      return false;
    }
    this.#queue(bytes);
    return true;
  }

  #queue(bytes: Buffer): void {
    if (this.#pending.length === 0) this.#turn.endWithSession(this);
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  unsentBytes(): number {
    return this.#pendingBytes + this.#wire.unsentBytes();
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const chunks = this.#pending;
    this.#metrics.bytes.add('out', this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#wire.write(chunks);
  }

  /** Writes what is pending, then closes. Of a slow reader nothing more is written: it will sync. */
  close(code: number, reason: string): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    if (code === closeCodes.slowReader) this.#discard();
    this.flush();
    this.#wire.close(code, reason);
  }

  /** The wire is gone. */
  ended(): void {
    this.phase = 'closed';
    this.#discard();
  }

  #discard(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
