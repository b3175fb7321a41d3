import { type ErrorCode, errorCodes, refreshTokenHeader } from '../contract/codes.ts';
import type { Problem } from '../contract/events.ts';
import type { CookieGrant, Grant } from '../contract/objects.ts';
import type { Input } from '../contract/operations.ts';
import { defaults } from './defaults.ts';
import { ChatError } from './errors.ts';
import type { Fetch } from './runtime.ts';

export interface HttpOptions {
  fetch?: Fetch | undefined;
  /** Once aborted, the request is given up: it rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /** The refresh token stays in a cookie that no script can read: for pages of the server's own origin. */
  cookie?: boolean | undefined;
}

/** What signing in gives: with `cookie: true` no refresh token. */
export type GrantFor<Options extends HttpOptions> = Options extends { cookie: true } ? CookieGrant : Grant;

/**
 * Makes an account and signs in to it. `url` is the server's, like `http://127.0.0.1:8080`.
 * @throws {ChatError} `username_taken`, `bad_request` (name or password not allowed), `rate_limited`, `unavailable`.
 */
export function register<Options extends HttpOptions>(
  url: string,
  account: Input<'account.register'>,
  options?: Options,
): Promise<GrantFor<Options>> {
  return ask(url, '/register', { body: account, ...options });
}

/**
 * Signs in.
 * @throws {ChatError} `invalid_credentials`, `rate_limited`, `unavailable`.
 */
export function login<Options extends HttpOptions>(
  url: string,
  account: Input<'account.login'>,
  options?: Options,
): Promise<GrantFor<Options>> {
  return ask(url, '/login', { body: account, ...options });
}

/**
 * Gets the next grant of a login. May be repeated until an answer arrives: a refresh token dies only when its successor is
 * used. A dead one ends the login.
 * @param refreshToken undefined where it is in the cookie.
 * @throws {ChatError} `unauthorized`: the login has ended; `rate_limited`, `unavailable`.
 */
export function refresh<Options extends HttpOptions>(
  url: string,
  refreshToken: Options extends { cookie: true } ? undefined : string,
  options?: Options,
): Promise<GrantFor<Options>> {
  return ask(url, '/refresh', { body: { refreshToken }, ...options });
}

export interface LogoutOptions extends HttpOptions {
  /** All logins of the user, on every device. */
  everywhere?: boolean | undefined;
}

/**
 * Ends the login that a token belongs to, and its connections. With `cookie: true` the cookie is cleared.
 * @throws {ChatError} `unauthorized`: it has ended before, or the token has expired; `unavailable`.
 */
export async function logout(
  url: string,
  token: string,
  { everywhere, ...options }: LogoutOptions = {},
): Promise<void> {
  await ask(url, '/logout', { body: { everywhere }, token, ...options });
}

/** Whether the server says that this token is not (or no longer) valid; `false` also when it says nothing. */
export async function isTokenRefused(url: string, token: string, fetch: Fetch): Promise<boolean> {
  try {
    await ask(url, '/me', { token, fetch });
    return false;
  } catch (error) {
    return error instanceof ChatError && error.code === 'unauthorized';
  }
}

/** The address of `path` at the server `base`, which may itself lie under a path. */
export function addressOf(base: string, path: string): URL {
  if (!URL.canParse(base)) throw new ChatError('bad_request', `not a URL: ${base}`);
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/$/, '') + path;
  url.search = '';
  url.hash = '';
  return url;
}

async function ask<T>(
  base: string,
  path: string,
  request: HttpOptions & { body?: unknown; token?: string },
): Promise<T> {
  const { body, token, cookie, fetch = globalThis.fetch } = request;
  const timeout = AbortSignal.timeout(defaults.httpTimeoutMs);
  const response = await fetch(addressOf(base, path), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json, application/problem+json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(cookie && { [refreshTokenHeader.name]: refreshTokenHeader.value }),
    },
    signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    // Of nothing, nothing.
    body: JSON.stringify(body),
  }).catch(cause => {
    request.signal?.throwIfAborted();
    throw new ChatError('unavailable', `no answer from ${base}`, { cause });
  });
  const content: unknown = await response.json().catch(() => request.signal?.throwIfAborted());
  if (response.ok && (content !== undefined || response.status === 204)) return content as T;
  throw problemError(response, content as Partial<Problem> | undefined);
}

/** What lies between may answer too (a proxy's 502 page): then the status alone speaks. */
function problemError(response: Response, problem: Partial<Problem> | undefined): ChatError {
  const { status } = response;
  const code: ErrorCode = problem?.code ?? codeOfStatus(status);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ChatError(code, problem?.detail ?? problem?.title ?? `HTTP status ${status}`, {
    // A newer server may answer with a code that this client doesn't know.
    retryable: code in errorCodes ? undefined : status >= 500 || status === 429,
    retryAfterMs: problem?.retryAfterMs ?? (Number.isFinite(seconds) ? seconds * 1000 : undefined),
  });
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 413) return 'too_large';
  if (status === 429) return 'rate_limited';
  return status >= 400 && status < 500 ? 'bad_request' : 'unavailable';
}
