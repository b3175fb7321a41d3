import type { ChatError } from './errors.ts';
import { uuidV7Maker } from './ids.ts';
import type { GrantStore, HeldGrant } from './login.ts';
import type { Outbox, OutgoingMessage } from './outbox.ts';
import type { OutboxScope } from './outbox-store.ts';
import { type Runtime, type SocketConstructor, systemClock } from './runtime.ts';

/**
 * Address, and who one is: a `grant`, a `store` that holds one, a `cookie`, or a `token`. And, where the surroundings lack something or
 * a test wants its own, what to use instead.
 */
export interface ChatClientOptions extends Partial<Omit<Runtime, 'WebSocket'>> {
  /** The server's address, like `https://chat.example.org`; a function is asked before every attempt. */
  url: string | (() => string | Promise<string>);
  /** What `register` or `login` answered. The client renews it by itself, for as long as the login lasts. */
  grant?: HeldGrant | undefined;
  /** Where the grant is kept; without a `grant`, where it is taken from. */
  store?: GrantStore | undefined;
  /**
   * For pages of the server's own origin: the refresh token is in a cookie that no script can read, and the tokens in memory.
   * Without a `grant`, the cookie alone signs in: `connect` rejects with `unauthorized` where nobody is.
   */
  cookie?: boolean | undefined;
  /**
   * Instead of a grant: a token, which ends within minutes; or a function, asked before every attempt. `refused` is the
   * token that the server has just refused, if it has: then only another one helps. A ChatError that isn't retryable ends
   * the attempts.
   */
  token?: string | ((refused: string | undefined) => string | Promise<string>) | undefined;
  /**
   * Keeps messages that aren't decided, and drafts, from one visit of a page to the next: `indexedDbOutbox()` of
   * `papo/sdk/browser`. If it fails, that is told as an `error`, and the client goes on from memory.
   */
  outbox?: MakeKeeper | undefined;
  WebSocket?: SocketConstructor | undefined;
}

/** What outlasts the page; see `keptIn`. None of its methods rejects. */
export interface OutboxKeeper {
  open(scope: OutboxScope): Promise<void>;
  follow(message: OutgoingMessage): void;
  draft(room: string): Promise<string>;
  saveDraft(room: string, text: string): Promise<void>;
  erase(user: string): Promise<void>;
}

export type MakeKeeper = (
  outbox: Pick<Outbox, 'adopt' | 'list'>,
  oddity: (error: ChatError) => void,
) => OutboxKeeper;

/** What the options don't give is taken from the surroundings. */
export function runtimeOf(options: ChatClientOptions): Runtime {
  const clock = options.clock ?? systemClock;
  return {
    clock,
    random: options.random ?? Math.random,
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    newId: options.newId ?? uuidV7Maker(() => clock.now()),
  };
}
