import { batch, type ReadonlySignal, signal } from '@preact/signals';

/** A list that comes page by page as it is asked for: browsing, members. */
export class Paged<T> {
  readonly #items = signal<readonly T[]>([]);
  readonly #state = signal<'idle' | 'loading' | 'failed' | 'done'>('idle');
  #pages: AsyncIterator<T[]> | undefined;

  get items(): ReadonlySignal<readonly T[]> {
    return this.#items;
  }

  get state(): ReadonlySignal<'idle' | 'loading' | 'failed' | 'done'> {
    return this.#state;
  }

  /** Begins anew with other pages. What was held stays until the first of them has come. */
  async start(pages: AsyncIterable<T[]>): Promise<void> {
    const iterator = pages[Symbol.asyncIterator]();
    this.#pages = iterator;
    await this.#read(iterator, []);
  }

  async more(): Promise<void> {
    if (this.#pages && this.#state.value === 'idle') await this.#read(this.#pages, this.#items.value);
  }

  /** Changes what is held, where one knows better than the last answer. */
  edit(change: (items: readonly T[]) => readonly T[]): void {
    this.#items.value = change(this.#items.value);
  }

  async #read(pages: AsyncIterator<T[]>, before: readonly T[]): Promise<void> {
    this.#state.value = 'loading';
    try {
      const { value, done } = await pages.next();
      if (pages !== this.#pages) return;
      batch(() => {
        this.#items.value = done ? before : [...before, ...value];
        this.#state.value = done ? 'done' : 'idle';
      });
    } catch {
      // Why doesn't matter to the reader: it is said in its place, with a way to try again.
      if (pages === this.#pages) this.#state.value = 'failed';
    }
  }
}
