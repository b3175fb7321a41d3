/** An error as `application/problem+json` (RFC 9457): the one place where errors become HTTP. */
import { v7 as uuidv7 } from 'uuid';
import { errorCodes, errorTitles } from '../../contract/codes.ts';
import type { Problem } from '../../contract/events.ts';
import type { OperationError } from '../errors.ts';

export type ProblemResponse = { status: number; headers: Record<string, string>; body: string };

export function problemResponse(error: OperationError, requestId: string = uuidv7()): ProblemResponse {
  const { code, message: detail, retryAfterMs } = error;
  const { status } = errorCodes[code];
  const problem: Problem = {
    type: `urn:papo:error:${code}`,
    title: errorTitles[code],
    status,
    code,
    detail,
    requestId,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(retryAfterMs !== undefined && { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...(status === 426 && { Upgrade: 'websocket', Connection: 'Upgrade' }),
    },
    body: JSON.stringify(problem),
  };
}
