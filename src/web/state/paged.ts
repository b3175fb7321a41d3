import { batch, type ReadonlySignal, signal } from '@preact/signals';

/**
 * A list that comes page by page as it is asked for: browsing, members, accounts. One page is read ahead, to know whether
 * there is more.
 */
export class Paged<T> {
  readonly #items = signal<readonly T[]>([]);
  readonly #state = signal<'loading' | 'more' | 'failed' | 'done'>('loading');
  #pages: AsyncIterator<T[]> | undefined;
  #ahead: readonly T[] = [];

  get items(): ReadonlySignal<readonly T[]> {
    return this.#items;
  }

  get state(): ReadonlySignal<'loading' | 'more' | 'failed' | 'done'> {
    return this.#state;
  }

  /** Begins anew with other pages. What was held stays until the first of them has come. */
  async start(iterable: AsyncIterable<T[]>): Promise<void> {
    const pages = iterable[Symbol.asyncIterator]();
    this.#pages = pages;
    this.#state.value = 'loading';
    const first = await this.#read(pages);
    if (!first) return;
    this.#items.value = first;
    await this.#readAhead(pages);
  }

  /** Shows the next page. */
  async more(): Promise<void> {
    if (!this.#pages || this.#state.value !== 'more') return;
    batch(() => {
      this.#items.value = [...this.#items.value, ...this.#ahead];
      this.#state.value = 'loading';
    });
    await this.#readAhead(this.#pages);
  }

  /** Puts an item in the place of the one it is now. */
  replace(item: T, isSame: (old: T) => boolean): void {
    const replaced = (items: readonly T[]) => items.map(old => (isSame(old) ? item : old));
    this.#items.value = replaced(this.#items.value);
    this.#ahead = replaced(this.#ahead);
  }

  async #readAhead(pages: AsyncIterator<T[]>): Promise<void> {
    const next = await this.#read(pages);
    if (!next) return;
    this.#ahead = next;
    this.#state.value = next.length > 0 ? 'more' : 'done';
  }

  /** @returns a page, empty at the end; nothing if it failed or is no longer wanted. */
  async #read(pages: AsyncIterator<T[]>): Promise<readonly T[] | undefined> {
    try {
      const { value, done } = await pages.next();
      return pages === this.#pages ? (done ? [] : value) : undefined;
    } catch {
      // Why doesn't matter to the reader: it is said in its place, with a way to try again.
      if (pages === this.#pages) this.#state.value = 'failed';
      return undefined;
    }
  }
}
