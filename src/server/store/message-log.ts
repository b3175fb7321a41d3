/**
 * The message log: durable, and in one order per room.
 *
 * Everything that takes a version of a room goes through the room's lane, so that this node learns of a room's
 * changes in the order in which they were committed.
 */
import type pg from 'pg';
import type { Delta, Message } from '../../contract/objects.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { jsonBytes } from './answer-size.ts';
import type { Append, AppendOutcome } from './append-messages.ts';
import { connectionSettings } from './database.ts';
import { Lane, type LaneEntry, laneLimits } from './lane.ts';

export const laneCount = 4;

/** Told of every commit, in each room's order, before whoever asked for it. */
export type CommitListener = {
  /** A change was made, and this is it. */
  deliver(delta: Delta): void;
  /** The room is at this version, or beyond. How it got there may have been told before, or not. */
  reach(room: string, version: number): void;
};

/** What became of a message sent: `message` as it is stored, whether now or by an earlier attempt. */
export type Appended =
  | { outcome: 'stored' | 'duplicate'; message: Message }
  | { outcome: 'conflict' | 'refused' };

/** What became of another change: `delta` if there was one, else the room's head. */
export type Changed =
  | { outcome: 'changed'; delta: Delta }
  | { outcome: 'unchanged' | 'refused' | 'taken' | 'full'; version: number };

export class MessageLog {
  readonly #lanes: readonly Lane[];
  readonly #listener: CommitListener;
  readonly #metrics: Metrics;

  constructor(connection: pg.ClientConfig, log: Logger, metrics: Metrics, listener: CommitListener) {
    const settings = connectionSettings(connection);
    this.#lanes = Array.from({ length: laneCount }, () => new Lane(settings, log, metrics));
    this.#listener = listener;
    this.#metrics = metrics;
    metrics.laneDepth.from(() => Object.fromEntries(this.#lanes.map((lane, index) => [index, lane.depth])));
  }

  /**
   * Stores a message, unless it is stored already.
   * @throws OperationError `unavailable`, `timeout`, `internal`: all undecided, so the same again is safe.
   */
  append(append: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const arrivedAt = performance.now();
      this.#enter(append.room, {
        kind: 'append',
        append,
        bytes: laneLimits.entryBytes + jsonBytes(append.text),
        deadline: arrivedAt + laneLimits.decideWithinMs,
        settle: outcome => {
          this.#count(outcome, arrivedAt);
          resolve(this.#appended(append, outcome));
        },
        fail: reject,
      });
    });
  }

  /** Runs a change that takes versions of a room. `run` is repeated after an unknown outcome, and must allow for it. */
  change(room: string, run: (client: pg.ClientBase) => Promise<Changed>): Promise<Changed> {
    return new Promise((resolve, reject) => {
      this.#enter(room, {
        kind: 'change',
        bytes: laneLimits.entryBytes,
        deadline: performance.now() + laneLimits.decideWithinMs,
        run: async client => {
          const changed = await run(client);
          if (changed.outcome === 'changed') this.#listener.deliver(changed.delta);
          else this.#listener.reach(room, changed.version);
          resolve(changed);
        },
        fail: reject,
      });
    });
  }

  /** Finishes what is queued, within the given time. */
  async close(withinMs: number): Promise<void> {
    await Promise.all(this.#lanes.map(lane => lane.close(withinMs)));
  }

  #enter(room: string, entry: LaneEntry): void {
    this.#lanes[laneOf(room)]?.push(entry);
  }

  #count({ outcome }: AppendOutcome, arrivedAt: number): void {
    this.#metrics.messages.add(outcome === 'conflict' ? 'refused' : outcome);
    if (outcome === 'stored') this.#metrics.commitSeconds.observe((performance.now() - arrivedAt) / 1000);
  }

  #appended(append: Append, result: AppendOutcome): Appended {
    if (result.outcome === 'conflict' || result.outcome === 'refused') return { outcome: result.outcome };
    const message: Message = {
      id: append.id,
      seq: result.seq,
      version: result.version,
      sender: append.sender,
      text: result.text,
      at: result.at.toISOString(),
    };
    const { room } = append;
    if (result.outcome === 'stored') {
      this.#listener.deliver({ room, from: message.version, version: message.version, messages: [message] });
    } else {
      this.#listener.reach(room, message.version);
    }
    return { outcome: result.outcome, message };
  }
}

/** Spreads rooms over the lanes by the random end of their ids. */
function laneOf(room: string): number {
  return Number.parseInt(room.slice(-8), 16) % laneCount;
}
