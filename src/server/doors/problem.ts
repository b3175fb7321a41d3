/** An error as `application/problem+json` (RFC 9457): the one place where errors become HTTP. */
import { v7 as uuidv7 } from 'uuid';
import { errorCodes, errorTitles } from '../../contract/codes.ts';
import type { Problem } from '../../contract/events.ts';
import type { OperationError } from '../errors.ts';
import { guardingHeaders } from './headers.ts';

export type ProblemResponse = { status: number; headers: Record<string, string>; body: string };

/** @param told what isn't the error's own: the request's id, if it has one, and a status if another one says it better. */
export function problemResponse(
  error: OperationError,
  told: { requestId?: string | undefined; status?: number | undefined } = {},
): ProblemResponse {
  const { code, message: detail, retryAfterMs } = error;
  const { requestId = uuidv7(), status = errorCodes[code].status } = told;
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

/** The same where no route answers: with all its headers, and the last on its connection. @param status another one than the error's. */
export function lastProblemResponse(error: OperationError, status?: number): ProblemResponse {
  const { headers, body, ...usual } = problemResponse(error, { status });
  const framing = { 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  return { status: usual.status, headers: { ...guardingHeaders, ...headers, ...framing }, body };
}
