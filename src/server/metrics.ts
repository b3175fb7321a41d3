/**
 * What is measured, all of it, for Prometheus: counts since the start, and the state when somebody looks.
 *
 * Labels are words from fixed lists, never a user, a room or a path: each value of a label is a series kept for ever.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { closeCodes } from '../contract/codes.ts';
import { rates } from '../contract/limits.ts';
import { Tally } from './tally.ts';
import { version } from './version.ts';

const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const commitSeconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const deliverSeconds = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5,
];
const batchSizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** Close codes that are counted by themselves: ours, and those of RFC 6455 that a peer's end may have. */
const countedCodes = new Set<number>([...Object.values(closeCodes), 1001, 1005, 1006]);

/** A close code as a label: a peer may close with any number it likes. */
export function closeLabel(code: number): string {
  return countedCodes.has(code) ? String(code) : 'other';
}

/** What a gauge shows: one number, or one for each value of its label. */
type Shown = number | Record<string, number>;

/** A gauge that asks whoever knows, whenever somebody looks; until they say so it shows nothing. */
export type Reading = { from(read: () => Shown | Promise<Shown>): void };

export class Metrics {
  readonly #registry = new Registry();

  readonly httpRequests = this.#counter(
    'papo_http_requests_total',
    'HTTP requests answered, by operation.',
    'method',
    'route',
    'status',
  );
  readonly httpSeconds = this.#histogram(
    'papo_http_request_duration_seconds',
    'Time from an HTTP request to its answer.',
    requestSeconds,
    'method',
    'route',
    'status',
  );

  readonly connections = this.#reading('papo_connections', 'WebSocket connections that are open.');
  readonly usersOnline = this.#reading('papo_users_online', 'People with at least one connection.');
  readonly roomsLive = this.#reading('papo_rooms_live', 'Rooms with at least one connection in them.');
  readonly bufferedBytes = this.#reading(
    'papo_buffered_bytes',
    'Bytes for WebSocket connections that the network has not taken yet.',
  );
  readonly connects = this.#counter(
    'papo_connects_total',
    'WebSocket handshakes, by what became of them.',
    'result',
  );
  readonly disconnects = this.#counter(
    'papo_disconnects_total',
    'WebSocket connections that ended, by close code.',
    'code',
  );
  readonly frames = this.#tallies(
    'papo_frames_total',
    'WebSocket messages, by operation when they come in, by event or as answers when they go out.',
    'type',
  );
  readonly bytes = this.#tally(
    'papo_bytes_total',
    'Bytes of WebSocket messages, by direction.',
    'direction',
    ['in', 'out'],
  );
  readonly slowReaders = this.#counter(
    'papo_slow_readers_total',
    'Connections closed because too much for them was unsent.',
  );

  readonly messages = this.#tally(
    'papo_messages_total',
    'Messages that PostgreSQL has decided on, by outcome.',
    'result',
    ['stored', 'duplicate', 'refused'],
  );
  readonly commitSeconds = this.#histogram(
    'papo_commit_seconds',
    'Time from the arrival of a message at its lane until it was durable.',
    commitSeconds,
  );
  readonly deliverSeconds = this.#histogram(
    'papo_deliver_seconds',
    "Time from a durable change until it was written to the last of the room's sockets, once per room and turn.",
    deliverSeconds,
  );
  readonly deliveries = this.#tally(
    'papo_deliveries_total',
    'Changes handed to connections, live or on their way into a room.',
    'path',
    ['live', 'catch-up'],
  );
  readonly syncs = this.#counter(
    'papo_syncs_total',
    'Rooms synced, by whether the client was current, got the changes, or had to start anew.',
    'result',
  );
  readonly gaps = this.#counter('papo_gaps_total', 'Times that a room found changes missing.');
  readonly gapRepairs = this.#counter(
    'papo_gap_repairs_total',
    'Times that a room has read all changes it was missing.',
  );

  readonly laneDepth = this.#reading('papo_lane_depth', 'Changes waiting for PostgreSQL, by lane.', 'lane');
  readonly batchSize = this.#histogram('papo_batch_size', 'Messages stored by one statement.', batchSizes);
  readonly unknownOutcomes = this.#counter(
    'papo_unknown_outcomes_total',
    'Batches that were run again because nobody knew what became of them.',
  );
  readonly dbPool = this.#reading(
    'papo_db_pool',
    'Connections to PostgreSQL that are busy or idle, and operations waiting for one.',
    'state',
  );
  readonly dbErrors = this.#counter(
    'papo_db_errors_total',
    'Errors of PostgreSQL by SQLSTATE, and of the way to it.',
    'code',
  );

  readonly auth = this.#counter(
    'papo_auth_total',
    'Attempts to sign in, to stay signed in and to sign out, by outcome.',
    'operation',
    'result',
  );
  readonly rateLimited = this.#counter(
    'papo_rate_limited_total',
    'Requests over a rate, by the rate, and HTTP connections over the limit of an address.',
    'scope',
  );

  /** The last to be read: it asks the database, and the pool shows what is asked of it. */
  readonly ready = this.#reading('papo_ready', 'Whether /readyz says so: 1 for ready, 0 for not.');

  constructor() {
    this.#startAtZero();
    this.#gauge('papo_build_info', 'Always 1; the labels say which papo runs on which Node.', [
      'version',
      'node',
    ]).set({ version, node: process.versions.node }, 1);
  }

  /** Where the words are known, their series are there before anything happens: the first of a kind is an increase, too. */
  #startAtZero(): void {
    for (const result of ['current', 'changes', 'reset']) this.syncs.inc({ result }, 0);
    for (const result of ['ok', 'unauthorized', 'unavailable']) this.connects.inc({ result }, 0);
    for (const code of [...countedCodes, 'other']) this.disconnects.inc({ code: String(code) }, 0);
    for (const code of ['connection', 'other']) this.dbErrors.inc({ code }, 0);
    for (const scope of [...Object.keys(rates), 'httpConnections']) this.rateLimited.inc({ scope }, 0);
    for (const operation of ['register', 'login', 'refresh', 'logout', 'renew']) {
      this.auth.inc({ operation, result: 'ok' }, 0);
    }
  }

  /** Adds `process_*` and `nodejs_*`: what Node knows of its process. It watches from here on, at some cost. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Everything, in the text format of Prometheus. */
  async page(): Promise<{ text: string; contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #counter<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /** A counter of the words of one label. */
  #tally(name: string, help: string, label: string, known: readonly string[]): Tally {
    const tally = new Tally(known);
    this.#counted(name, help, [label], () => [...tally].map(([word, count]) => [{ [label]: word }, count]));
    return tally;
  }

  /** A counter of the words of one label, in either direction. */
  #tallies(name: string, help: string, label: string): { in: Tally; out: Tally } {
    const tallies = { in: new Tally(), out: new Tally() };
    this.#counted(name, help, ['direction', label], () =>
      Object.entries(tallies).flatMap(([direction, tally]) =>
        [...tally].map(([word, count]) => [{ direction, [label]: word }, count] as const),
      ),
    );
    return tallies;
  }

  /** A counter that is counted elsewhere. */
  #counted(
    name: string,
    help: string,
    labelNames: string[],
    read: () => Iterable<readonly [labels: Record<string, string>, count: number]>,
  ): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, count] of read()) this.inc(labels, count);
      },
    });
  }

  #histogram<Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]) {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[], show?: (gauge: Gauge) => Promise<void>): Gauge {
    return new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      ...(show && {
        async collect() {
          await show(this);
        },
      }),
    });
  }

  #reading(name: string, help: string, label?: string): Reading {
    let read: (() => Shown | Promise<Shown>) | undefined;
    this.#gauge(name, help, label === undefined ? [] : [label], async gauge => {
      const shown = (await read?.()) ?? {};
      if (typeof shown === 'number') gauge.set(shown);
      else if (label !== undefined) {
        for (const [value, count] of Object.entries(shown)) gauge.set({ [label]: value }, count);
      }
    });
    return {
      from: source => {
        read = source;
      },
    };
  }
}
