/** The one error class of the server: a code of the contract's table, mapped once by each door. */
import { type ErrorCode, errorCodes, errorTitles } from '../contract/codes.ts';

export class OperationError extends Error {
  readonly code: ErrorCode;
  /** When it makes sense to try again. */
  readonly retryAfterMs: number | undefined;

  /** @param detail for people; never holds a secret or a stack. */
  constructor(code: ErrorCode, detail: string = errorTitles[code], retryAfterMs?: number) {
    super(detail);
    this.name = 'OperationError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }
}
