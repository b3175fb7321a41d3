/** Tokens built by hand (RFC 7519, RFC 7515), so that anything may be wrong with them. */
import { createHmac } from 'node:crypto';

export type Json = Record<string, unknown>;

export const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

export const decode = (part: string | undefined): Json =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

/** The HMAC of header and payload, encoded. */
export function hmac(signed: string, key: string | Buffer, hash = 'sha256'): string {
  return createHmac(hash, key).update(signed).digest('base64url');
}

/** A token, signed with this key and HMAC, whatever its header says. Parts that are strings are taken as they are. */
export function sign(header: unknown, payload: unknown, key: string | Buffer, hash?: string): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${hmac(signed, key, hash)}`;
}
