/**
 * A lane: one connection to PostgreSQL with one unit of work in flight.
 *
 * What arrives meanwhile waits and becomes the next unit, so that batches grow with the load. No timer stands
 * in a message's way. A unit whose outcome is unknown (the connection broke, a deadline passed) is run again,
 * unchanged, until PostgreSQL says what became of it: every unit is safe to repeat.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { limits } from '../../contract/limits.ts';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { type Append, type AppendOutcome, appendMessages } from './append-messages.ts';
import { errorLabel, isDataError } from './database.ts';

export const laneLimits = {
  maxQueued: 4_096,
  maxQueuedBytes: 8 * 1024 * 1024,
  maxBatch: 1_000,
  maxBatchBytes: 256 * 1024,
  /** What isn't decided by then is answered with `timeout`; it may still be stored later. */
  decideWithinMs: limits.operationTimeoutMs,
  expiryCheckMs: 1_000,
  retryBaseMs: 20,
  retryCapMs: 1_000,
  /** What a client is told to wait when the queue is full. */
  retryAfterMs: 500,
  /** What an entry counts on top of its text as JSON: about what its frame has besides. */
  entryBytes: 400,
} as const;

/** Settled when its outcome is known; failed when it never will be, or not in time (it may be settled after that). */
type Waiting = { readonly bytes: number; deadline: number; fail(error: OperationError): void };
/** Joins a batch. */
export type AppendEntry = Waiting & { kind: 'append'; append: Append; settle(outcome: AppendOutcome): void };
/** Runs alone. `run` must be safe to repeat, and settles by itself. */
export type ChangeEntry = Waiting & { kind: 'change'; run(client: pg.ClientBase): Promise<void> };
export type LaneEntry = AppendEntry | ChangeEntry;

type LaneMetrics = Pick<Metrics, 'batchSize' | 'unknownOutcomes' | 'dbErrors'>;

export class Lane {
  readonly #connection: pg.ClientConfig;
  readonly #log: Logger;
  readonly #metrics: LaneMetrics;
  readonly #expiry: NodeJS.Timeout;
  #client: pg.Client | undefined;
  #queue: LaneEntry[] = [];
  #queuedBytes = 0;
  #inFlight: readonly LaneEntry[] = [];
  #working: Promise<void> | undefined;
  /** Aborted when the lane must stop, whatever is undecided. */
  readonly #stopped = new AbortController();

  constructor(connection: pg.ClientConfig, log: Logger, metrics: LaneMetrics) {
    this.#connection = connection;
    this.#log = log;
    this.#metrics = metrics;
    this.#expiry = setInterval(() => this.#expire(), laneLimits.expiryCheckMs);
    this.#expiry.unref();
  }

  /** How much is waiting. */
  get depth(): number {
    return this.#queue.length;
  }

  /** @throws OperationError `unavailable` when the lane's queue is full or the lane is closed. */
  push(entry: LaneEntry): void {
    const full =
      this.#queue.length >= laneLimits.maxQueued ||
      this.#queuedBytes + entry.bytes > laneLimits.maxQueuedBytes;
    if (full || this.#stopped.signal.aborted) {
      throw new OperationError('unavailable', 'too much is waiting to be stored', laneLimits.retryAfterMs);
    }
    this.#queue.push(entry);
    this.#queuedBytes += entry.bytes;
    this.#working ??= this.#work();
  }

  /** Finishes what is queued, within the given time, and closes the connection. */
  async close(withinMs: number): Promise<void> {
    await Promise.race([this.#working, delay(withinMs, undefined, { ref: false })]);
    this.#stopped.abort();
    clearInterval(this.#expiry);
    for (const entry of this.#queue.splice(0)) entry.fail(stopping());
    this.#dropClient();
  }

  async #work(): Promise<void> {
    // Whatever else arrives in this turn of the event loop joins the first batch.
    await new Promise(setImmediate);
    while (this.#queue.length > 0 && !this.#stopped.signal.aborted) {
      this.#inFlight = this.#takeUnit();
      await this.#decide(this.#inFlight);
      this.#inFlight = [];
    }
    this.#working = undefined;
  }

  /** The next change alone, or the next messages up to the limits of a batch. */
  #takeUnit(): LaneEntry[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#queue) {
      const fits = count < laneLimits.maxBatch && bytes + entry.bytes <= laneLimits.maxBatchBytes;
      if (count > 0 && (entry.kind === 'change' || !fits)) break;
      count += 1;
      bytes += entry.bytes;
      if (entry.kind === 'change') break;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #decide(unit: readonly LaneEntry[]): Promise<void> {
    for (let attempt = 0; !this.#stopped.signal.aborted; attempt += 1) {
      try {
        return await this.#run(await this.#connected(), unit);
      } catch (error) {
        this.#metrics.dbErrors.inc({ code: errorLabel(error) });
        if (isDataError(error)) return this.#decideOneByOne(unit, error);
        // Once for each unit: those that follow it wait until it is decided.
        const level = attempt === 0 ? 'warn' : 'debug';
        this.#log[level]({ err: error, attempt, entries: unit.length }, 'unknown outcome; the same again');
        this.#metrics.unknownOutcomes.inc();
        this.#dropClient();
        await this.#backOff(attempt);
      }
    }
    for (const entry of unit) entry.fail(stopping());
  }

  async #run(client: pg.Client, unit: readonly LaneEntry[]): Promise<void> {
    const [first] = unit;
    if (first?.kind === 'change') return first.run(client);
    const appends = unit.filter(entry => entry.kind === 'append');
    const outcomes = await appendMessages(
      client,
      appends.map(entry => entry.append),
    );
    this.#metrics.batchSize.observe(appends.length);
    for (const [index, outcome] of outcomes.entries()) appends[index]?.settle(outcome);
  }

  /** One bad input fails alone. */
  async #decideOneByOne(unit: readonly LaneEntry[], error: unknown): Promise<void> {
    const [first] = unit;
    if (first !== undefined && unit.length === 1) {
      this.#log.error({ err: error }, 'PostgreSQL refused an input');
      return first.fail(new OperationError('internal'));
    }
    for (const entry of unit) await this.#decide([entry]);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client({ ...this.#connection, application_name: 'papo lane' });
    client.on('error', error => this.#log.warn({ err: error }, 'the connection of a lane broke'));
    client.once('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    this.#client = client;
    // Statistics of a young table must not make a plan that an old one suffers from.
    await client.query('set enable_seqscan = off; set plan_cache_mode = force_generic_plan; set jit = off');
    return client;
  }

  #dropClient(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(error => this.#log.debug({ err: error }, 'closing a broken connection'));
  }

  async #backOff(attempt: number): Promise<void> {
    const cap = Math.min(laneLimits.retryCapMs, laneLimits.retryBaseMs * 2 ** attempt);
    const { signal } = this.#stopped;
    await delay(Math.random() * cap, undefined, { signal }).catch(() => signal.aborted);
  }

  #expire(): void {
    const now = performance.now();
    const late = (entry: LaneEntry) => entry.deadline <= now;
    for (const entry of [...this.#inFlight, ...this.#queue].filter(late)) {
      entry.fail(
        new OperationError('timeout', 'not stored in time; it may still be: send it again with the same id'),
      );
    }
    this.#queue = this.#queue.filter(entry => !late(entry));
    this.#queuedBytes = this.#queue.reduce((sum, entry) => sum + entry.bytes, 0);
  }
}

function stopping(): OperationError {
  return new OperationError('unavailable', 'the server is stopping');
}
