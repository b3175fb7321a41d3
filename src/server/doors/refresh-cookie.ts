/**
 * The refresh token in a cookie: for pages, where every script that gets in could read whatever the page itself can read.
 * A cookie is sent along whoever asks, so it counts only in requests of the server's own pages (docs/adr/0012).
 */
import type { IncomingMessage } from 'node:http';
import { refreshTokenHeader } from '../../contract/codes.ts';
import { limits } from '../../contract/limits.ts';
import { type OperationDefinition, type OperationName, operations } from '../../contract/operations.ts';
import { OperationError } from '../errors.ts';
import { forwardedProtocol, type IsTrustedProxy, requestedHost } from './address.ts';

/** The only address that reads it. */
const readAt = '/refresh';

/** What an operation answered, and what the browser is told to keep. */
export type Kept = { output: unknown; setCookie: string | undefined };

/**
 * Performs an operation; for a page that asks for it, its refresh token comes from a cookie and goes into one.
 * @throws OperationError `forbidden`: the page is of another origin; `unauthorized`: there is no cookie;
 * `bad_request`: it is said twice, or not understood.
 */
export async function withRefreshCookie(
  request: IncomingMessage,
  isTrustedProxy: IsTrustedProxy,
  name: OperationName,
  input: object,
  perform: (input: object) => Promise<unknown>,
): Promise<Kept> {
  const { cookie: use }: OperationDefinition = operations[name];
  const asked = request.headers[refreshTokenHeader.name.toLowerCase()];
  if (use === undefined || asked === undefined) return { output: await perform(input), setCookie: undefined };
  if (asked !== refreshTokenHeader.value) {
    throw new OperationError(
      'bad_request',
      `${refreshTokenHeader.name} can only be ${refreshTokenHeader.value}`,
    );
  }
  const cookie = new RefreshCookie(ownOrigin(request, isTrustedProxy));
  if (use === 'clears') return { output: await perform(input), setCookie: cookie.forgotten() };
  if (use === 'renews' && 'refreshToken' in input) {
    throw new OperationError(
      'bad_request',
      'the refresh token comes in the cookie or in the body, not in both',
    );
  }
  const given = use === 'renews' ? { ...input, refreshToken: cookie.read(request) } : input;
  const { refreshToken, ...output } = (await perform(given)) as { refreshToken: string };
  return { output, setCookie: cookie.holding(refreshToken) };
}

/**
 * The origin of the page that asks, which must be this server's. Browsers always name it in a POST. Its scheme is that by
 * which the page itself came, whatever lies in between.
 */
function ownOrigin(request: IncomingMessage, isTrustedProxy: IsTrustedProxy): URL {
  const { origin } = request.headers;
  const host = requestedHost(request, isTrustedProxy)?.toLowerCase();
  if (origin !== undefined && URL.canParse(origin)) {
    const url = new URL(origin);
    const scheme = forwardedProtocol(request, isTrustedProxy) ?? url.protocol.slice(0, -1);
    if (['http:', 'https:'].includes(url.protocol) && url.host === host && url.protocol === `${scheme}:`) {
      return url;
    }
  }
  throw new OperationError('forbidden', "the cookie is for the server's own pages only");
}

class RefreshCookie {
  readonly #name: string;
  readonly #attributes: string;

  /** Cookies don't tell ports apart: servers that share a host keep theirs under different names. */
  constructor({ protocol, port }: URL) {
    const name = port === '' ? 'papo-refresh' : `papo-refresh-${port}`;
    const isSecure = protocol === 'https:';
    // A browser takes `__Host-` only over HTTPS and from this very host: no subdomain, and nobody on the line, can plant one.
    this.#name = isSecure ? `__Host-${name}` : name;
    this.#attributes = `Path=${isSecure ? '/' : readAt}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  }

  /** Two of one name: one of them was planted, and nothing says which. */
  read(request: IncomingMessage): string {
    const prefix = `${this.#name}=`;
    const pairs = (request.headers.cookie ?? '').split(';').map(pair => pair.trim());
    const [token, ...others] = pairs.filter(pair => pair.startsWith(prefix));
    if (token === undefined || others.length > 0) {
      throw new OperationError('unauthorized', 'nobody is signed in here');
    }
    return token.slice(prefix.length);
  }

  /** It lasts as long as a login that isn't refreshed. */
  holding(refreshToken: string): string {
    return `${this.#name}=${refreshToken}; Max-Age=${limits.maxIdleLoginMs / 1000}; ${this.#attributes}`;
  }

  forgotten(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`;
  }
}
