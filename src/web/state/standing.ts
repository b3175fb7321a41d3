import { type ReadonlySignal, signal } from '@preact/signals';
import type { ChatClient } from 'papo/sdk';

/** Whether one is an administrator. The server tells that to who asks, and nobody when it changes. */
export class Standing {
  readonly #client: Pick<ChatClient, 'call'>;
  readonly #isAdministrator = signal<boolean | undefined>(undefined);

  constructor(client: Pick<ChatClient, 'call'>) {
    this.#client = client;
  }

  /** As of the last answer; unknown before the first. */
  get isAdministrator(): ReadonlySignal<boolean | undefined> {
    return this.#isAdministrator;
  }

  /** @returns what is known then: without an answer, what was known before. */
  async ask(): Promise<boolean | undefined> {
    try {
      const { administrator = false } = await this.#client.call('account.me', {});
      this.#isAdministrator.value = administrator;
    } catch {
      // It only decides what is offered; what is done, the server decides. The next who needs it asks again.
    }
    return this.#isAdministrator.value;
  }
}
