/** Every number of the SDK in one place. Times are milliseconds. */
import { limits } from '../contract/limits.ts';

export const defaults = {
  /** Full jitter: a wait is anything between 0 and `base × 2^attempt`, at most the cap. */
  backoffBaseMs: 250,
  backoffCapMs: 30_000,
  /** The back-off starts afresh only after a connection was live for this long. */
  stableAfterMs: 10_000,
  /** Failures that count on after a connection was live for less: short outages in a row don't add up to long waits. */
  maxFailuresBeforeLive: 2,
  /** From opening a socket to its `hello`. */
  helloTimeoutMs: 15_000,
  /** Longer than the server takes to answer `timeout`, so that its verdict comes first. */
  requestTimeoutMs: limits.operationTimeoutMs + limits.pingTimeoutMs,
  /** How long `call` waits for a connection that is on its way. */
  callWaitMs: 10_000,
  /** A token is renewed after this share of the time for which it is valid, give or take half of the jitter. */
  renewAtShare: 0.75,
  renewJitterShare: 0.1,
  /** A token that ends sooner is not used for a new connection. */
  leastValidityMs: 5_000,
  /** Of a token that doesn't say for how long it is valid, where the own clock calls it expired. */
  assumedLifetimeMs: 60_000,
  httpTimeoutMs: 15_000,
  /** Undecided messages, over all rooms. */
  maxOutbox: 1_000,
  /** How long what another page was given is left to it. */
  yieldMs: 2_000,
  /** Rooms with a draft; of more the oldest are forgotten. */
  maxDrafts: 200,
  /** Failed messages kept for `retry`; beyond it the oldest is forgotten. */
  maxFailed: 100,
  /** Messages a replica keeps in memory; beyond it the oldest are dropped, and `message.history` reads them again. */
  maxMessagesPerRoom: 1_000,
  maxMembersPerRoom: 1_000,
  /** Events that may arrive before the answer to `sync` has been applied. */
  maxHeldEvents: 10_000,
} as const;
