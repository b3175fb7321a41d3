/** Access tokens: JWTs (RFC 7519) signed with HS256, verified without the database. */
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { Id } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';

const algorithm = 'HS256';
const issuer = 'papo';
const audience = 'papo';
/** Of an access token, after RFC 9068, so that no other JWT passes for one. */
const type = 'at+jwt';

/** What a valid token says: whose it is, and which login it belongs to. */
export type TokenClaims = { userId: string; login: string; expiresAt: Date };

const Claims = z.object({ sub: Id, sid: Id, exp: z.number() });

export class Tokens {
  readonly #key: Uint8Array;
  readonly #ttlSeconds: number;

  constructor(secret: string, ttlSeconds: number) {
    this.#key = new TextEncoder().encode(secret);
    this.#ttlSeconds = ttlSeconds;
  }

  async issue(user: string, login: string): Promise<{ token: string; expiresAt: string }> {
    const now = Math.floor(Date.now() / 1000);
    const expires = now + this.#ttlSeconds;
    const token = await new SignJWT({ sid: login })
      .setProtectedHeader({ alg: algorithm, typ: type })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(user)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(this.#key);
    return { token, expiresAt: new Date(expires * 1000).toISOString() };
  }

  /** @throws OperationError `unauthorized`, whatever is wrong with the token. */
  async verify(token: string): Promise<TokenClaims> {
    try {
      if (!isCanonical(token)) throw new Error('not canonical base64url');
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [algorithm],
        issuer,
        audience,
        typ: type,
        requiredClaims: ['exp', 'sub', 'sid'],
      });
      const claims = Claims.parse(payload);
      return { userId: claims.sub, login: claims.sid, expiresAt: new Date(claims.exp * 1000) };
    } catch {
      throw new OperationError('unauthorized', 'the token is not valid');
    }
  }
}

/** One token, one text: base64url has spare bits at its end, which decoders ignore. */
function isCanonical(token: string): boolean {
  return token.split('.').every(part => Buffer.from(part, 'base64url').toString('base64url') === part);
}
