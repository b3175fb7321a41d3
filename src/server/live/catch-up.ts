/** What those lack who come back to a room: from memory, or by a read that everyone who asks shares. */
import { type Change, type ChangeRange, latest } from '../store/changes.ts';
import type { RoomTail } from './room-tail.ts';

export class CatchUp {
  readonly #tail: RoomTail;
  readonly #readNewest: () => Promise<ChangeRange>;
  #recent: ChangeRange | undefined;
  #reading: Promise<ChangeRange> | undefined;

  /** @param readNewest the newest changes, as many as one catches up by. */
  constructor(tail: RoomTail, readNewest: () => Promise<ChangeRange>) {
    this.#tail = tail;
    this.#readNewest = readNewest;
  }

  /**
   * The rows changed above version `after`, up to `upTo`, which is a version the asker has seen in the database.
   * @returns undefined when they are more than one catches up by.
   */
  async changesBetween(after: number, upTo: number): Promise<Change[] | undefined> {
    if (this.#tail.remembers(after, upTo)) return latest(this.#tail.changes(after, upTo));
    let range = this.#recent;
    while (range === undefined || !(range.head >= upTo || this.#tail.remembers(range.head, upTo))) {
      range = await this.#read();
    }
    if (after < range.after) return undefined;
    const read = range.changes.filter(change => change.version > after && change.version <= upTo);
    return latest([...read, ...this.#tail.changes(Math.max(after, range.head), upTo)]);
  }

  clear(): void {
    this.#recent = undefined;
  }

  #read(): Promise<ChangeRange> {
    this.#reading ??= this.#readNewest()
      .then(range => {
        this.#recent = range;
        return range;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}
