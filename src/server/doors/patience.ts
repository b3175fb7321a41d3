/** How long the HTTP door waits for others, who may be slow on purpose. */
import { limits } from '../../contract/limits.ts';

export type Patience = {
  /** For the head of a request; a WebSocket's handshake is one. */
  headMs: number;
  /** For the whole of a request. */
  requestMs: number;
  /** How often those are looked for who take longer. */
  checkMs: number;
  /** For an answer to be read, from when it is there. */
  answerMs: number;
  /** For anything to move on a connection. */
  stillMs: number;
};

export const usualPatience: Patience = {
  headMs: 10_000,
  requestMs: 14_000,
  checkMs: 1_000,
  answerMs: 60_000,
  // Longer than any operation takes.
  stillMs: 2 * limits.operationTimeoutMs,
};
