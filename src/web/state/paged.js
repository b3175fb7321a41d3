import { batch, signal } from '@preact/signals';
/** A list that comes page by page as it is asked for: browsing, members. */
export class Paged {
    #items = signal([]);
    #state = signal('idle');
    #pages;
    get items() {
        return this.#items;
    }
    get state() {
        return this.#state;
    }
    /** Begins anew with other pages. What was held stays until the first of them has come. */
    async start(pages) {
        const iterator = pages[Symbol.asyncIterator]();
        this.#pages = iterator;
        await this.#read(iterator, []);
    }
    async more() {
        if (this.#pages && this.#state.value === 'idle')
            await this.#read(this.#pages, this.#items.value);
    }
    /** Changes what is held, where one knows better than the last answer. */
    edit(change) {
        this.#items.value = change(this.#items.value);
    }
    async #read(pages, before) {
        this.#state.value = 'loading';
        try {
            const { value, done } = await pages.next();
            if (pages !== this.#pages)
                return;
            batch(() => {
                this.#items.value = done ? before : [...before, ...value];
                this.#state.value = done ? 'done' : 'idle';
            });
        }
        catch {
            // Why doesn't matter to the reader: it is said in its place, with a way to try again.
            if (pages === this.#pages)
                this.#state.value = 'failed';
        }
    }
}
