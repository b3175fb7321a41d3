import { defaults } from '../defaults.ts';
import { keptIn } from '../keeper.ts';
import type { MakeKeeper } from '../options.ts';
import type { KeptMessage, OutboxScope, OutboxStore } from '../outbox-store.ts';

export interface IndexedDbOptions {
  /** The database's name; pages of one origin that use the same one share what is in it. */
  name?: string | undefined;
}

/** A database that doesn't open is as good as none. */
const openTimeoutMs = 5_000;
/** What nobody has come back for. */
const maxAgeMs = 90 * 24 * 60 * 60 * 1000;
/** More than the client hands over: undecided ones and failed ones. */
const maxMessages = 2_000;

interface MessageRow extends KeptMessage {
  scope: string;
}
interface DraftRow {
  scope: string;
  room: string;
  text: string;
  at: number;
}

/**
 * An outbox in the browser's own database. What is saved outlasts the page and the browser; after a power cut the last
 * moments may be missing.
 */
export function indexedDbOutbox({ name = 'papo' }: IndexedDbOptions = {}): MakeKeeper {
  return keptIn(new IndexedDbStore(name));
}

export class IndexedDbStore implements OutboxStore {
  readonly #name: string;
  #channel: BroadcastChannel | undefined;
  #database: Promise<IDBDatabase> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async load(scope: OutboxScope): Promise<KeptMessage[]> {
    const messages = await this.#table('messages', 'readonly');
    const rows: MessageRow[] = await resultOf(messages.index('scope').getAll(keyOf(scope), maxMessages));
    return rows.map(({ scope: _, ...message }) => message);
  }

  async save(scope: OutboxScope, message: KeptMessage): Promise<void> {
    const messages = await this.#table('messages', 'readwrite');
    const row: MessageRow = { ...message, scope: keyOf(scope) };
    const place = await resultOf(messages.index('message').getKey([row.scope, row.room, row.id]));
    messages.put(row, place);
    await endOf(messages);
    this.#others.postMessage(undefined);
  }

  async remove(scope: OutboxScope, room: string, id: string): Promise<void> {
    const messages = await this.#table('messages', 'readwrite');
    const place = await resultOf(messages.index('message').getKey([keyOf(scope), room, id]));
    if (place !== undefined) messages.delete(place);
    await endOf(messages);
    if (place !== undefined) this.#others.postMessage(undefined);
  }

  watch(changed: () => void): () => void {
    const others = this.#others;
    others.addEventListener('message', changed);
    return () => others.removeEventListener('message', changed);
  }

  async draft(scope: OutboxScope, room: string): Promise<string> {
    const drafts = await this.#table('drafts', 'readonly');
    const row: DraftRow | undefined = await resultOf(drafts.get([keyOf(scope), room]));
    return row?.text ?? '';
  }

  async saveDraft(scope: OutboxScope, room: string, text: string): Promise<void> {
    const drafts = await this.#table('drafts', 'readwrite');
    const row: DraftRow = { scope: keyOf(scope), room, text, at: Date.now() };
    if (text === '') drafts.delete([row.scope, room]);
    else drafts.put(row);
    const byAge = IDBKeyRange.bound([row.scope], [row.scope, []]);
    const keys = await resultOf(drafts.index('age').getAllKeys(byAge));
    for (const key of keys.slice(0, -defaults.maxDrafts)) drafts.delete(key);
    await endOf(drafts);
  }

  async clear(user: string): Promise<void> {
    const theirs = IDBKeyRange.bound(keyOf({ user, log: '' }), keyOf({ user, log: '\uffff' }));
    const rows = ['messages', 'drafts'] as const;
    for (const table of rows) {
      const store = await this.#table(table, 'readwrite');
      for (const key of await resultOf(store.index('scope').getAllKeys(theirs))) store.delete(key);
      await endOf(store);
    }
    this.#others.postMessage(undefined);
  }

  /** The pages that share the database. Not before it is used: where storing is forbidden, so may this be, and throw. */
  get #others(): BroadcastChannel {
    this.#channel ??= new BroadcastChannel(`papo-outbox-${this.#name}`);
    return this.#channel;
  }

  async #table(name: 'messages' | 'drafts', mode: IDBTransactionMode): Promise<IDBObjectStore> {
    this.#database ??= this.#open();
    const database = await this.#database;
    return database.transaction(name, mode).objectStore(name);
  }

  async #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, 1);
    request.onupgradeneeded = () => {
      const messages = request.result.createObjectStore('messages', { autoIncrement: true });
      messages.createIndex('scope', 'scope');
      messages.createIndex('message', ['scope', 'room', 'id'], { unique: true });
      const drafts = request.result.createObjectStore('drafts', { keyPath: ['scope', 'room'] });
      drafts.createIndex('scope', 'scope');
      drafts.createIndex('age', ['scope', 'at']);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the database does not open')), openTimeoutMs);
    });
    const database = await Promise.race([resultOf(request), late]).finally(() => clearTimeout(timer));
    // Another page deletes it, or a newer version needs it alone.
    database.onversionchange = () => database.close();
    await forgetOldOnes(database);
    return database;
  }
}

async function forgetOldOnes(database: IDBDatabase): Promise<void> {
  const tables = ['messages', 'drafts'] as const;
  for (const table of tables) {
    const store = database.transaction(table, 'readwrite').objectStore(table);
    const cursors = store.openCursor();
    cursors.onsuccess = () => {
      const { result: cursor } = cursors;
      if (!cursor) return;
      if (cursor.value.at < Date.now() - maxAgeMs) cursor.delete();
      cursor.continue();
    };
    await endOf(store);
  }
}

function keyOf({ user, log }: OutboxScope): string {
  return `${user} ${log}`;
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Everything asked of it is stored. */
function endOf({ transaction }: IDBObjectStore): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
