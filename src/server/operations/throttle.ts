/**
 * How often is too often. Token buckets in the form of the generic cell rate algorithm: per bucket one number, the time
 * at which it will be full again. https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
import { type RateName, rates } from '../../contract/limits.ts';

/** Buckets that are not full are remembered; beyond so many the ones used longest ago are taken for full. */
const maxBuckets = 100_000;
const maxFamiliar = 100_000;

/** Whom a request counts against, for each kind of bucket. */
export type Counted = { user?: string | undefined; account?: string | undefined; address: string };

export class Throttle {
  readonly #onOver: (rate: RateName) => void;
  readonly #now: () => number;
  /** When each bucket is full again, the one used longest ago first. */
  readonly #fullAt = new Map<string, number>();
  /** Accounts with addresses they were signed in to from, the pair seen longest ago first. */
  readonly #familiar = new Map<string, true>();

  /**
   * @param onOver called when something is over a rate.
   * @param now milliseconds of a clock that never goes back.
   */
  constructor(onOver: (rate: RateName) => void, now: () => number) {
    this.#onOver = onOver;
    this.#now = now;
  }

  /**
   * Takes one from each of the buckets, if all of them have one.
   * @returns in how many milliseconds to try again; undefined when it may be done now.
   */
  take(names: readonly RateName[], counted: Counted): number | undefined {
    const now = this.#now();
    const buckets = names.flatMap(name => {
      const { by, perMinute, burst } = rates[name];
      const whose = by === 'account' ? this.#bucketOfAccount(counted) : counted[by];
      if (whose === undefined) return [];
      const key = `${name} ${whose}`;
      const intervalMs = 60_000 / perMinute;
      const fullAt = Math.max(this.#fullAt.get(key) ?? 0, now) + intervalMs;
      return [{ name, key, fullAt, waitMs: fullAt - burst * intervalMs - now }];
    });
    const waitMs = Math.max(0, ...buckets.map(bucket => bucket.waitMs));
    const over = buckets.find(bucket => bucket.waitMs > 0 && bucket.waitMs === waitMs);
    if (over !== undefined) {
      this.#onOver(over.name);
      return Math.ceil(waitMs);
    }
    for (const { key, fullAt } of buckets) remember(this.#fullAt, key, fullAt, maxBuckets);
    return undefined;
  }

  /**
   * The account was signed in to from this address. From here on it has a bucket of its own there: whoever guesses at it
   * from elsewhere, however long, doesn't keep its owner out.
   */
  signedIn(account: string, address: string): void {
    remember(this.#familiar, `${account} ${address}`, true, maxFamiliar);
  }

  #bucketOfAccount({ account, address }: Counted): string | undefined {
    const pair = `${account} ${address}`;
    return this.#familiar.has(pair) ? pair : account;
  }
}

/** Sets a value, and lets go of the one that was set longest ago when there are too many. */
function remember<Value>(memory: Map<string, Value>, key: string, value: Value, max: number): void {
  memory.delete(key);
  memory.set(key, value);
  const [longestAgo] = memory.keys();
  if (memory.size > max && longestAgo !== undefined) memory.delete(longestAgo);
}
