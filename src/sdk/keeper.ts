import { ChatError } from './errors.ts';
import type { MakeKeeper, OutboxKeeper } from './options.ts';
import type { Outbox, OutgoingMessage } from './outbox.ts';
import type { OutboxScope, OutboxStore } from './outbox-store.ts';

/** An outbox that is kept in a store: `indexedDbOutbox` is one. */
export function keptIn(store: OutboxStore): MakeKeeper {
  return (outbox, oddity) => new Keeper(store, outbox, oddity);
}

/**
 * Between the outbox and the store that outlasts it. The store is written behind: a message goes out without waiting for
 * it, since the server stores it once whatever happens. The first failure of the store is told, and is its last.
 */
class Keeper implements OutboxKeeper {
  readonly #outbox: Pick<Outbox, 'adopt' | 'list'>;
  readonly #oddity: (error: ChatError) => void;
  readonly #drafts = new Map<string, string>();
  /** Messages in the store, by room and id, and whether they are there as failed. */
  readonly #kept = new Map<string, boolean>();
  #store: OutboxStore | undefined;
  #scope: OutboxScope | undefined;
  /** Writes happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #isReading = false;
  #isStale = false;
  /** Counts what was written: what was read before the last of it is old. */
  #writes = 0;

  constructor(store: OutboxStore, ...[outbox, oddity]: Parameters<MakeKeeper>) {
    this.#store = store;
    this.#outbox = outbox;
    this.#oddity = oddity;
  }

  /** It is known whose messages these are: takes in what is kept, and keeps what has been handed over before. */
  async open(scope: OutboxScope): Promise<void> {
    if (!this.#store || (this.#scope?.user === scope.user && this.#scope.log === scope.log)) return;
    const isFirst = !this.#scope;
    this.#scope = scope;
    this.#kept.clear();
    await this.#read(true);
    for (const message of this.#outbox.list()) this.follow(message);
    if (isFirst) await this.#try(store => Promise.resolve(store.watch(() => void this.#reread())));
  }

  /** A message has changed its state. */
  follow(message: OutgoingMessage): void {
    const { room, id, text, at, state, error } = message;
    const key = `${room} ${id}`;
    const before = this.#kept.get(key);
    const scope = this.#scope;
    if (!scope) return;
    this.#writes++;
    if (state === 'sent' || state === 'discarded') {
      if (this.#kept.delete(key)) void this.#try(store => store.remove(scope, room, id));
      return;
    }
    const isFailed = state === 'failed';
    if (before === isFailed) return;
    this.#kept.set(key, isFailed);
    // What is tried again has lost its place.
    if (before) void this.#try(store => store.remove(scope, room, id));
    const kept = {
      id,
      room,
      text,
      at,
      ...(error && { error: { code: error.code, message: error.message } }),
    };
    void this.#try(store => store.save(scope, kept));
  }

  async draft(room: string): Promise<string> {
    const scope = this.#scope;
    const text = this.#drafts.get(room) ?? (scope && (await this.#try(store => store.draft(scope, room))));
    return text ?? '';
  }

  async saveDraft(room: string, text: string): Promise<void> {
    const scope = this.#scope;
    if (scope && this.#store) await this.#try(store => store.saveDraft(scope, room, text));
    if (!scope || !this.#store) this.#drafts.set(room, text);
  }

  /** The user has signed out: leaves nothing of theirs. */
  async erase(user: string): Promise<void> {
    this.#scope = undefined;
    await this.#try(store => store.clear(user));
  }

  async #reread(): Promise<void> {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#isStale && this.#store) {
      this.#isStale = false;
      await this.#read(false);
    }
    this.#isReading = false;
  }

  async #read(isFirst: boolean): Promise<void> {
    const scope = this.#scope;
    const writes = this.#writes;
    const kept = scope && (await this.#try(store => store.load(scope)));
    if (!kept || scope !== this.#scope) return;
    if (!isFirst && writes !== this.#writes) {
      this.#isStale = true;
      return;
    }
    for (const { room, id, error } of kept) this.#kept.set(`${room} ${id}`, error !== undefined);
    this.#outbox.adopt(kept, isFirst);
  }

  #try<T>(work: (store: OutboxStore) => Promise<T>): Promise<T | undefined> {
    const next = this.#last.then(async () => {
      try {
        return this.#store && (await work(this.#store));
      } catch (cause) {
        this.#store = undefined;
        this.#oddity(
          new ChatError('store_failed', 'the outbox can not be kept: what waits is lost with the page', {
            cause,
          }),
        );
        return undefined;
      }
    });
    this.#last = next;
    return next;
  }
}
