/**
 * Tokens: JWTs (RFC 7519) signed with HS256. An access token says who one is, for some
 * minutes; a refresh token gets the next pair.
 */
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { limits } from '../../contract/limits.ts';
import { Id } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';

const algorithm = 'HS256';
const issuer = 'papo';
const audience = 'papo';
/** Of an access token, after RFC 9068, so that no other JWT passes for one. */
const accessType = 'at+jwt';
const refreshType = 'rt+jwt';

/** What a valid token says: whose it is, and which login it belongs to. */
export type TokenClaims = { userId: string; login: string; expiresAt: Date };

/**
 * What a refresh token says: `generation` counts the tokens of a login, from 1. Whoever steals one has to use it, or a
 * successor; sooner or later thief and owner use tokens of different generations, and the older one ends the login.
 */
export type RefreshClaims = { login: string; generation: number };

const Claims = z.object({ sub: Id, sid: Id, exp: z.number() });
const RefreshPayload = z.object({ sid: Id, gen: z.int().min(1).max(0x7fff_ffff) });

export class Tokens {
  readonly #key: Uint8Array;
  readonly #ttlSeconds: number;

  constructor(secret: string, ttlSeconds: number) {
    this.#key = new TextEncoder().encode(secret);
    this.#ttlSeconds = ttlSeconds;
  }

  async issue(user: string, login: string): Promise<{ token: string; expiresAt: string }> {
    const expiresAt = secondsNow() + this.#ttlSeconds;
    const token = await this.#sign(accessType, new SignJWT({ sid: login }).setSubject(user), expiresAt);
    return { token, expiresAt: new Date(expiresAt * 1000).toISOString() };
  }

  issueRefresh({ login, generation }: RefreshClaims): Promise<string> {
    const expiresAt = secondsNow() + limits.maxIdleLoginMs / 1000;
    return this.#sign(refreshType, new SignJWT({ sid: login, gen: generation }), expiresAt);
  }

  /** @throws OperationError `unauthorized`, whatever is wrong with the token. */
  async verify(token: string): Promise<TokenClaims> {
    const payload = await this.#verified(token, accessType, ['exp', 'sub', 'sid'], Claims);
    return { userId: payload.sub, login: payload.sid, expiresAt: new Date(payload.exp * 1000) };
  }

  /** @throws OperationError `unauthorized`, whatever is wrong with the token. */
  async verifyRefresh(token: string): Promise<RefreshClaims> {
    const payload = await this.#verified(token, refreshType, ['exp', 'sid', 'gen'], RefreshPayload);
    return { login: payload.sid, generation: payload.gen };
  }

  #sign(type: string, token: SignJWT, expiresAt: number): Promise<string> {
    return token
      .setProtectedHeader({ alg: algorithm, typ: type })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(secondsNow())
      .setExpirationTime(expiresAt)
      .sign(this.#key);
  }

  async #verified<Payload>(
    token: string,
    type: string,
    requiredClaims: string[],
    payload: z.ZodType<Payload>,
  ): Promise<Payload> {
    try {
      if (!isCanonical(token)) throw new Error('not canonical base64url');
      const verified = await jwtVerify(token, this.#key, {
        algorithms: [algorithm],
        issuer,
        audience,
        typ: type,
        requiredClaims,
      });
      return payload.parse(verified.payload);
    } catch {
      throw new OperationError('unauthorized', 'the token is not valid');
    }
  }
}

const secondsNow = () => Math.floor(Date.now() / 1000);

/** One token, one text: base64url has spare bits at its end, which decoders ignore. */
function isCanonical(token: string): boolean {
  return token.split('.').every(part => Buffer.from(part, 'base64url').toString('base64url') === part);
}
