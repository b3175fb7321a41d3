import { type ReadonlySignal, signal } from '@preact/signals';
import type { ChatClient, User } from 'papo/sdk';

/** Finds people by the beginning of a name. The answer to the last question counts, whichever comes last. */
export class PeopleSearch {
  readonly #client: ChatClient;
  readonly #found = signal<readonly User[]>([]);
  readonly #state = signal<'idle' | 'asking' | 'answered' | 'failed'>('idle');
  #asking: AbortController | undefined;

  constructor(client: ChatClient) {
    this.#client = client;
  }

  get found(): ReadonlySignal<readonly User[]> {
    return this.#found;
  }

  get state(): ReadonlySignal<'idle' | 'asking' | 'answered' | 'failed'> {
    return this.#state;
  }

  async find(query: string): Promise<void> {
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
      if (asking.signal.aborted) return;
      this.#found.value = users.filter(({ id }) => id !== this.#client.me?.id);
      this.#state.value = 'answered';
    } catch {
      if (!asking.signal.aborted) this.#state.value = 'failed';
    }
  }
}
