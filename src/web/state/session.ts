import { type ReadonlySignal, signal } from '@preact/signals';
import { ChatClient, type ChatClientOptions, ChatError, login, register } from 'papo/sdk';
import { indexedDbOutbox } from 'papo/sdk/browser';
import { Chat } from './chat.ts';
import type { Storage } from './storage.ts';

/** `ended`: signed out elsewhere, or for too long; not by a click on this page. */
export type SessionState = { name: 'signed-out'; ended: boolean } | { name: 'signed-in'; chat: Chat };

export interface NewAccount {
  username: string;
  password: string;
  displayName?: string;
}

const url = location.origin;
/** That somebody was signed in here: without it there is no cookie to try, and no need to ask. */
const signedInKey = 'signed-in';

/** Who is signed in on this page, and their chat. The login itself is in a cookie that no script can read. */
export class Session {
  readonly #state = signal<SessionState>({ name: 'signed-out', ended: false });
  readonly #storage: Storage;
  /** Being signed out by a click on this page. */
  #leaving: Chat | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    // Where nothing is remembered, only the cookie knows.
    if (storage.get(signedInKey) !== null || !storage.lasts) this.#open();
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** @throws {ChatError} `invalid_credentials`, `forbidden`, `rate_limited`, `unavailable`. */
  async signIn(account: NewAccount): Promise<void> {
    this.#open(await login(url, account, { cookie: true }));
  }

  /**
   * Why an account was `forbidden`, if that can be known. That it is disabled is told only to who has its password; a page
   * that isn't at what the server takes for its own address is `foreign`, and forbidden to sign in without one, too.
   */
  async whyForbidden({ username }: NewAccount): Promise<'disabled' | 'foreign' | undefined> {
    const refused = await login(url, { username, password: '' }, { cookie: true }).catch(ChatError.of);
    if (!(refused instanceof ChatError)) return undefined;
    if (refused.code === 'forbidden') return 'foreign';
    return refused.code === 'invalid_credentials' ? 'disabled' : undefined;
  }

  /** @throws {ChatError} `username_taken`, `bad_request`, `forbidden`, `rate_limited`, `unavailable`. */
  async register(account: NewAccount): Promise<void> {
    this.#open(await register(url, account, { cookie: true }));
  }

  /** @throws {ChatError} the server wasn't reached: still signed in. */
  async signOut(chat: Chat, { everywhere = false } = {}): Promise<void> {
    this.#leaving = chat;
    try {
      await chat.signOut({ everywhere });
    } catch (error) {
      this.#leaving = undefined;
      void chat.client.connect();
      throw error;
    }
    this.#close(chat, { ended: false });
  }

  #open(grant?: ChatClientOptions['grant']): void {
    const client = new ChatClient({ url, cookie: true, grant, outbox: indexedDbOutbox() });
    const chat = new Chat(client);
    const wasSignedIn = grant !== undefined || this.#storage.get(signedInKey) !== null;
    client.on('state', state => {
      const isOver = state.name === 'closed' && state.reason === 'unauthorized';
      if (isOver && this.#leaving !== chat) this.#close(chat, { ended: wasSignedIn || chat.hasSynced });
    });
    this.#storage.set(signedInKey, 'yes');
    this.#state.value = { name: 'signed-in', chat };
    client.connect();
  }

  #close(chat: Chat, { ended }: { ended: boolean }): void {
    const state = this.#state.value;
    if (state.name !== 'signed-in' || state.chat !== chat) return;
    this.#storage.set(signedInKey, null);
    this.#state.value = { name: 'signed-out', ended };
    chat.dispose();
  }
}
