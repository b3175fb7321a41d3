import { signal } from '@preact/signals';
/** Finds people by the beginning of a name. The answer to the last question counts, whichever comes last. */
export class PeopleSearch {
    #client;
    #found = signal([]);
    #state = signal('idle');
    #asking;
    constructor(client) {
        this.#client = client;
    }
    get found() {
        return this.#found;
    }
    get state() {
        return this.#state;
    }
    async find(query) {
        this.#asking?.abort();
        if (query === '') {
            this.#found.value = [];
            this.#state.value = 'idle';
            return;
        }
        const asking = new AbortController();
        this.#asking = asking;
        this.#state.value = 'asking';
        try {
            const { users } = await this.#client.call('user.find', { query }, { signal: asking.signal });
            if (asking.signal.aborted)
                return;
            this.#found.value = users.filter(({ id }) => id !== this.#client.me?.id);
            this.#state.value = 'answered';
        }
        catch {
            if (!asking.signal.aborted)
                this.#state.value = 'failed';
        }
    }
}
