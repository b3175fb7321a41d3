import type { ChatClient } from 'papo/sdk';

/** Kept this long after the last key. */
const settleMs = 300;

/** What was typed in one room and not sent: read when the room opens, kept while one types. */
export class DraftKeeper {
  readonly #client: ChatClient;
  readonly #room: string;
  readonly #leaving = () => this.#flush();
  #unsaved: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param found called with the draft, if there is one. */
  constructor(client: ChatClient, room: string, found: (draft: string) => void) {
    this.#client = client;
    this.#room = room;
    void client.draft(room).then(draft => draft !== '' && this.#unsaved === undefined && found(draft));
    addEventListener('pagehide', this.#leaving);
  }

  keep(text: string): void {
    this.#unsaved = text;
    clearTimeout(this.#timer);
    // What was sent must not come back.
    if (text === '') this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), settleMs);
  }

  dispose(): void {
    removeEventListener('pagehide', this.#leaving);
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    if (this.#unsaved === undefined) return;
    void this.#client.saveDraft(this.#room, this.#unsaved);
    this.#unsaved = undefined;
  }
}
