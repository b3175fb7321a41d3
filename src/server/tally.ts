/**
 * A count for each of a few words: plain numbers, for where every message passes. prom-client would make a text of the
 * labels for each increase.
 */
export class Tally {
  readonly #counts: Map<string, number>;

  /** @param known words that are there before anything happens. */
  constructor(known: readonly string[] = []) {
    this.#counts = new Map(known.map(word => [word, 0]));
  }

  add(word: string, count = 1): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + count);
  }

  [Symbol.iterator](): Iterator<[word: string, count: number]> {
    return this.#counts.entries();
  }
}
