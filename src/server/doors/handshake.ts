/** Who may open a socket: a valid token, from a page of ours or from no page at all. */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { bearerSubprotocolPrefix, subprotocol } from '../../contract/codes.ts';
import { OperationError } from '../errors.ts';
import { type IsTrustedProxy, requestedHost } from './address.ts';
import { bearerToken } from './bearer.ts';
import { lastProblemResponse } from './problem.ts';

export const socketPath = '/ws';

/**
 * Browsers send `Origin`, and send a user's credentials from whatever page asks: only pages of ours may.
 * @throws OperationError `forbidden`
 */
export function requireOwnOrigin(
  request: IncomingMessage,
  origins: readonly string[],
  isTrustedProxy: IsTrustedProxy,
): void {
  const { origin } = request.headers;
  const host = requestedHost(request, isTrustedProxy);
  if (origin === undefined || origins.includes(origin)) return;
  const own = URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
  if (!own) throw new OperationError('forbidden', 'this origin is not allowed');
}

/** The token of the handshake: a header, or for browsers, which can't set one, a subprotocol. Never the URL. */
export function handshakeToken(request: IncomingMessage): string | undefined {
  const offered = offeredProtocols(request).find(protocol => protocol.startsWith(bearerSubprotocolPrefix));
  return bearerToken(request.headers.authorization) ?? offered?.slice(bearerSubprotocolPrefix.length);
}

export function isSocketRequest(request: IncomingMessage): boolean {
  return request.url?.split('?')[0] === socketPath;
}

/** Whether to leave HTTP for this request: other protocols that a client offers (h2c, say) are ignored. */
export function isSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** Answers with the contract's subprotocol, if it was offered, and never with the token. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return offered.has(subprotocol) ? subprotocol : false;
}

function offeredProtocols(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map(protocol => protocol.trim());
}

/** A refused handshake, as the bytes of an HTTP response. @param otherStatus another one than the error's. */
export function refusal(error: OperationError, otherStatus?: number): string {
  const { status, headers, body } = lastProblemResponse(error, otherStatus);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    body,
  ].join('\r\n');
}
