import { type ErrorCode, errorCodes } from '../contract/codes.ts';
import type { SocketError } from '../contract/events.ts';

/**
 * The server's codes, and two of this client: `outbox_full`, too many messages are undecided, this one was not taken;
 * `store_failed`, the outbox isn't kept any more: what waits is lost with the page.
 */
export type ChatErrorCode = ErrorCode | 'outbox_full' | 'store_failed';

export interface ChatErrorDetails {
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** The only error the SDK gives. What the server didn't say itself (no connection, no answer) is `unavailable` or `timeout`. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
  readonly code: ChatErrorCode;
  /** `false`: it will never take effect. `true`: undecided; a message sent again with the same id is stored once. */
  readonly retryable: boolean;
  /** When the server wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ChatErrorCode, message: string, details: ChatErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.retryable = details.retryable ?? (code === 'outbox_full' || isRetryable(code));
    this.retryAfterMs = details.retryAfterMs;
  }

  /** What was thrown, as a ChatError: `internal`, if it is something else. */
  static of(thrown: unknown): ChatError {
    return thrown instanceof ChatError
      ? thrown
      : new ChatError('internal', String(thrown), { cause: thrown });
  }

  static from(error: SocketError): ChatError {
    return new ChatError(error.code, error.message, error);
  }
}

/** A newer server may know codes that this client doesn't. */
function isRetryable(code: ChatErrorCode): boolean {
  const known: { retryable: boolean } | undefined = errorCodes[code as ErrorCode];
  return known?.retryable ?? false;
}
