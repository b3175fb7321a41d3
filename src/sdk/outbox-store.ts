import type { ChatErrorCode } from './errors.ts';

/** Whose messages, and for which history of which database: nobody else ever sends them, and nowhere else. */
export interface OutboxScope {
  /** The user's id. */
  user: string;
  /** `hello.log`. */
  log: string;
}

/** A message that isn't decided, or has failed and was neither retried nor discarded. */
export interface KeptMessage {
  id: string;
  room: string;
  text: string;
  /** When it was handed over, in milliseconds since 1970. */
  at: number;
  /** Why it has failed. */
  error?: { code: ChatErrorCode; message: string } | undefined;
}

/**
 * Keeps what waits to be sent, and drafts, from one visit of a page to the next. Pages that share a store share what is in
 * it. What fails here costs no message: the client then goes on from memory alone.
 */
export interface OutboxStore {
  /** What is kept, in the order of the first `save`. */
  load(scope: OutboxScope): Promise<KeptMessage[]>;
  /** Keeps a message, behind the others, or in the place of one with its room and id. Resolves once it outlasts a reload. */
  save(scope: OutboxScope, message: KeptMessage): Promise<void>;
  /** Forgets a message, if it is there. */
  remove(scope: OutboxScope, room: string, id: string): Promise<void>;
  /** Tells when another page has saved or removed a message. The returned function ends it. */
  watch(changed: () => void): () => void;
  /** What was written in a room and not handed over; empty: nothing. */
  draft(scope: OutboxScope, room: string): Promise<string>;
  /** @param text empty: forgets it. Of too many drafts the oldest are forgotten. */
  saveDraft(scope: OutboxScope, room: string, text: string): Promise<void>;
  /** Forgets everything of this user, whatever the history. @param user the id. */
  clear(user: string): Promise<void>;
}
