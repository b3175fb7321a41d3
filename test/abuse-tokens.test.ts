/** Rows 8–10 of abuse.md: tokens that are not ours, not whole, or not valid now. Both doors refuse each. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID, sign as signWith } from 'node:crypto';
import { test } from 'node:test';
import { attackedServer, type Person, present, signingSecret } from './support/abuse.ts';
import { decode, encode, type Json, sign } from './support/abuse-jwt.ts';
import { handshakeBytes, RawConnection, responsesIn } from './support/abuse-wire.ts';

const server = attackedServer();

/** What the person's own token says; `changes` override it, and what they say is undefined is left out. */
function header(person: Person, changes: Json = {}): Json {
  return { ...decode(person.token.split('.')[0]), ...changes };
}

function claims(person: Person, changes: Json = {}): Json {
  return { ...decode(person.token.split('.')[1]), ...changes };
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

/** Both doors answer 401, by a header and as a subprotocol. */
async function requireRefused(token: string, what = token): Promise<void> {
  server.secrets.add(token);
  const overHttp = await server.get<{ code: string }>('/me', { token });
  assert.equal(overHttp.status, 401, `over HTTP: ${what}`);
  assert.equal(overHttp.body.code, 'unauthorized');
  const asProtocol = ['Sec-WebSocket-Protocol', `papo.v1, bearer.${token}`] as const;
  for (const place of [['Authorization', `Bearer ${token}`] as const, asProtocol]) {
    assert.equal((await server.refusal({ headers: [place] })).status, 401, `${place[0]}: ${what}`);
  }
}

async function requireAccepted(token: string): Promise<void> {
  server.secrets.add(token);
  assert.equal((await server.get('/me', { token })).status, 200);
  await server.connect({ token });
}

test('[abuse 8] a token built by hand as it should be is accepted: the others are refused for what is wrong with them', async () => {
  const person = await server.register();
  await requireAccepted(sign(header(person), claims(person), signingSecret));
});

test('[abuse 8] the algorithm none is refused in any case, with an empty signature and with a good one', async () => {
  const person = await server.register();
  const spellings = Array.from({ length: 16 }, (_, bits) =>
    [...'none'].map((letter, at) => (bits & (1 << at) ? letter.toUpperCase() : letter)).join(''),
  );
  for (const alg of [...spellings, ' none', 'none ', 'none\0', 'ｎｏｎｅ']) {
    const token = sign(header(person, { alg }), claims(person), signingSecret);
    await requireRefused(token, alg);
    await requireRefused(token.slice(0, token.lastIndexOf('.') + 1), `${alg}, empty signature`);
    await requireRefused(token.slice(0, token.lastIndexOf('.')), `${alg}, no signature`);
  }
});

test('[abuse 8] an empty signature is refused whatever the algorithm', async () => {
  const { token } = await server.register();
  await requireRefused(token.slice(0, token.lastIndexOf('.') + 1));
});

test('[abuse 8] an algorithm that is not the one on the list is refused, also when the signature is good', async () => {
  const person = await server.register();
  const hashes = { HS384: 'sha384', HS512: 'sha512', HS1: 'sha1' };
  for (const [alg, hash] of Object.entries(hashes)) {
    await requireRefused(sign(header(person, { alg }), claims(person), signingSecret, hash), alg);
  }
  const others = ['hs256', 'Hs256', 'HS256 ', 'HMAC', 'dir', 'A256KW', 'RS256', 'PS256', 'ES256', 'EdDSA'];
  const strange = [
    '',
    null,
    undefined,
    256,
    true,
    ['HS256'],
    { toString: 'HS256' },
    '__proto__',
    'constructor',
  ];
  for (const alg of [...others, ...strange]) {
    await requireRefused(sign(header(person, { alg }), claims(person), signingSecret), JSON.stringify(alg));
  }
});

test('[abuse 8] a token signed by a key pair of the attacker is refused, also when it brings the key along', async () => {
  const person = await server.register();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = rsa.publicKey.export({ format: 'jwk' });
  const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  for (const extra of [
    {},
    { jwk },
    { x5c: [pem] },
    { jku: 'http://127.0.0.1:1/keys' },
    { x5u: 'file:///etc/passwd' },
  ]) {
    const signed = `${encode(header(person, { alg: 'RS256', ...extra }))}.${encode(claims(person))}`;
    const signature = signWith('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url');
    await requireRefused(`${signed}.${signature}`, Object.keys(extra).join());
  }
  // The public key as the secret of an HMAC: the classic confusion of algorithms.
  await requireRefused(sign(header(person, { jwk }), claims(person), pem));
});

test('[abuse 8] a signature of zeros is refused, as ECDSA and as HMAC', async () => {
  const person = await server.register();
  for (const [alg, bytes] of [
    ['ES256', 64],
    ['HS256', 32],
    ['HS256', 0],
  ] as const) {
    const zeros = Buffer.alloc(bytes).toString('base64url');
    await requireRefused(`${encode(header(person, { alg }))}.${encode(claims(person))}.${zeros}`, alg);
  }
});

test('[abuse 8] a key that the token names is not looked for', async () => {
  const person = await server.register();
  const ids = [
    '../../../../dev/null',
    '/dev/null',
    "' union select '' --",
    '__proto__',
    '0',
    '',
    'x'.repeat(2_000),
  ];
  for (const kid of ids) {
    for (const key of ['', '0', 'null', 'undefined', '\0'.repeat(32)]) {
      await requireRefused(sign(header(person, { kid }), claims(person), key), kid);
    }
  }
});

test('[abuse 8] a key that is nearly the secret is refused', async () => {
  const person = await server.register();
  const keys = [
    ...[`${signingSecret}\n`, ` ${signingSecret}`, signingSecret.slice(1), signingSecret.toUpperCase()],
    Buffer.from(signingSecret, 'base64url'),
    Buffer.from(signingSecret).toString('base64'),
  ];
  for (const key of keys) await requireRefused(sign(header(person), claims(person), key));
});

test('[abuse 8] a header that must be understood and is not is refused', async () => {
  const person = await server.register();
  const headers = [
    { crit: ['papo'], papo: 1 },
    { crit: ['b64'], b64: false },
    { crit: ['exp'] },
    { crit: [] },
    { crit: 'exp' },
  ];
  for (const extra of headers) {
    await requireRefused(sign(header(person, extra), claims(person), signingSecret), JSON.stringify(extra));
  }
});

test('[abuse 9] a token with one bit flipped, whichever, is refused', async () => {
  const { token } = await server.register();
  server.secrets.add(token);
  const accepted = [];
  for (const flipped of oneBitFlipped(token)) {
    if ((await server.get('/me', { token: flipped })).status !== 401) accepted.push(flipped);
  }
  assert.deepEqual(accepted, []);
});

test('[abuse 9] a signature that only decodes to the same bytes is refused', async () => {
  const { token } = await server.register();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  // 256 bits in 43 characters: two bits of the last one say nothing.
  const last = alphabet.indexOf(token.slice(-1));
  for (const spare of [1, 2, 3]) await requireRefused(token.slice(0, -1) + alphabet[last ^ spare]);
  await requireRefused(`${token}=`);
});

test('[abuse 9] a handshake with one bit of the token flipped is refused', async () => {
  const { token } = await server.register();
  const [head = '', payload = '', signature = ''] = token.split('.');
  const somewhere = [
    [flip(head, 3), payload, signature],
    [head, flip(payload, 3), signature],
    [head, payload, flip(signature, 3)],
  ];
  for (const parts of somewhere) await requireRefused(parts.join('.'));
});

test('[abuse 9] a token truncated anywhere, at either end, is refused', async () => {
  const { token } = await server.register();
  const accepted = [];
  for (let at = 1; at < token.length; at += 1) {
    for (const part of [token.slice(0, at), token.slice(at)]) {
      if ((await server.get('/me', { token: part })).status !== 401) accepted.push(part);
    }
  }
  assert.deepEqual(accepted, []);
});

test('[abuse 9] a token of another number of segments is refused', async () => {
  const { token } = await server.register();
  const [head = '', payload = '', signature = ''] = token.split('.');
  const wrong = [
    [head],
    [head, payload],
    [payload, signature],
    [head, payload, signature, ''],
    ['', head, payload, signature],
    [head, '', payload, signature],
    [head, payload, signature, signature],
    [head, payload, payload, signature],
    [head, payload, signature, head, payload],
    [head, payload, signature, head, payload, signature],
  ];
  for (const parts of wrong) await requireRefused(parts.join('.'));
});

test('[abuse 9] segments in another order, or of two tokens, are refused', async () => {
  const [ana, bruno] = [await server.register(), await server.register()];
  const [head = '', payload = '', signature = ''] = ana.token.split('.');
  const [, otherPayload = '', otherSignature = ''] = bruno.token.split('.');
  await requireRefused([payload, head, signature].join('.'));
  await requireRefused([head, signature, payload].join('.'));
  await requireRefused([head, otherPayload, signature].join('.'));
  await requireRefused([head, payload, otherSignature].join('.'));
});

test('[abuse 9] a token in another encoding, or with something added, is refused', async () => {
  const { token } = await server.register();
  const [head = '', payload = '', signature = ''] = token.split('.');
  const recoded = (encoding: 'hex' | 'base64') =>
    token.split('.').map(part => Buffer.from(part, 'base64url').toString(encoding));
  const strange = [
    ...[`${token}==`, `=${token}`, `${token}.`, `.${token}`, `${token}\0`, `"${token}"`, `${token};`],
    `${head}=.${payload}.${signature}`,
    `${head}.${payload}=.${signature}`,
    `${head}.${payload}==.${signature}`,
    recoded('hex').join('.'),
    encodeURIComponent(token).replaceAll('.', '%2E'),
    token.replaceAll('.', '..'),
    ...[`${token},${token}`, token + token, token.toLowerCase(), [...token].toReversed().join('')],
    `${head}.${payload}\t.${signature}`,
    `${head}.${payload}.${signature.slice(0, 20)} ${signature.slice(20)}`,
  ];
  for (const value of strange) {
    const connection = new RawConnection(server.url);
    connection.write(server.head('GET', '/me', [`Authorization: Bearer ${value}`]));
    const response = present(responsesIn(await connection.rest())[0]);
    // 400 where a byte is no header's.
    assert.ok(response.status === 401 || response.status === 400, `${value}: ${response.status}`);
    const upgrade = new RawConnection(server.url);
    upgrade.write(handshakeBytes(server.url, { headers: [['Authorization', `Bearer ${value}`]] }));
    const refused = await upgrade.until('an answer', () => responsesIn(upgrade.received)[0]);
    upgrade.socket.destroy();
    assert.ok(refused.status === 401 || refused.status === 400, `handshake, ${value}: ${refused.status}`);
  }
});

test('[abuse 9] what is no JSON object where there should be one is refused, also when it is signed', async () => {
  const person = await server.register();
  const parts = ['', 'null', '[]', '1', '"x"', '{', 'true', '\ufeff{}', '{}x', '\xff\xfe', '['.repeat(3_000)];
  for (const part of parts) {
    await requireRefused(sign(header(person), part, signingSecret), `payload ${part}`);
    await requireRefused(sign(part, claims(person), signingSecret), `header ${part}`);
  }
});

test('[abuse 10] [AUTH-5] an expired token is refused, from the second of its expiry', async () => {
  const person = await server.register();
  for (const exp of [inSeconds(0), inSeconds(-1), inSeconds(-86_400), 1, 0, -1, -(2 ** 53)]) {
    await requireRefused(sign(header(person), claims(person, { exp }), signingSecret), `exp ${exp}`);
  }
});

test('[abuse 10] a token that does not say when it expires, or not as a number, is refused', async () => {
  const person = await server.register();
  const later = inSeconds(600);
  for (const exp of [undefined, null, String(later), [later], { later }, true, '', 'never']) {
    await requireRefused(sign(header(person), claims(person, { exp }), signingSecret), `exp ${exp}`);
  }
});

test('[abuse 10] a token that is not valid yet is refused', async () => {
  const person = await server.register();
  for (const nbf of [inSeconds(600), inSeconds(86_400), 2 ** 53, 'now', null, [0]]) {
    await requireRefused(sign(header(person), claims(person, { nbf }), signingSecret), `nbf ${nbf}`);
  }
  await requireAccepted(sign(header(person), claims(person, { nbf: inSeconds(-1) }), signingSecret));
});

test('[abuse 10] a token of another issuer, or of none, is refused', async () => {
  const person = await server.register();
  for (const iss of [
    undefined,
    null,
    '',
    'Papo',
    'papo ',
    'papo.evil',
    'https://papo',
    1,
    ['papo'],
    { papo: 1 },
  ]) {
    await requireRefused(sign(header(person), claims(person, { iss }), signingSecret), `iss ${iss}`);
  }
});

test('[abuse 10] a token for another audience, or for none, is refused', async () => {
  const person = await server.register();
  for (const aud of [
    undefined,
    null,
    '',
    'Papo',
    'papo ',
    'other',
    1,
    [],
    ['other'],
    [['papo']],
    { papo: 1 },
  ]) {
    await requireRefused(sign(header(person), claims(person, { aud }), signingSecret), `aud ${aud}`);
  }
});

test('[abuse 10] a token of another type, or of none, is refused', async () => {
  const person = await server.register();
  for (const typ of [
    undefined,
    null,
    '',
    'JWT',
    'jwt',
    'rt+jwt',
    'id+jwt',
    'at',
    'at+jwt+x',
    1,
    ['at+jwt'],
    { x: 1 },
  ]) {
    await requireRefused(sign(header(person, { typ }), claims(person), signingSecret), `typ ${typ}`);
  }
});

test('[abuse 10] a refresh token is no access token', async () => {
  const { refreshToken } = await server.register();
  await requireRefused(refreshToken);
});

test('[abuse 10] a token without a login, or of one that there is not, is refused', async () => {
  const person = await server.register();
  const strange = [undefined, null, '', 1, [], ['x'], {}, true, '__proto__', "' or true --", randomUUID()];
  for (const sid of [...strange, person.user.id, '{00000000-0000-7000-8000-000000000000}']) {
    await requireRefused(sign(header(person), claims(person, { sid }), signingSecret), `sid ${sid}`);
  }
});

test("[abuse 10] a token with another user's login is refused, either way round", async () => {
  const [ana, bruno] = [await server.register(), await server.register()];
  const [hers, his] = [claims(ana), claims(bruno)];
  await requireRefused(sign(header(ana), { ...hers, sid: his['sid'] }, signingSecret));
  await requireRefused(sign(header(ana), { ...hers, sub: his['sub'] }, signingSecret));
});

test('[abuse 10] a token of nobody is refused', async () => {
  const person = await server.register();
  for (const sub of [
    undefined,
    null,
    '',
    1,
    [person.user.id],
    {},
    person.user.username,
    randomUUID(),
    '__proto__',
  ]) {
    await requireRefused(sign(header(person), claims(person, { sub }), signingSecret), `sub ${sub}`);
  }
});

test('[abuse 10] claims on the prototype are no claims', async () => {
  const person = await server.register();
  const inherited = `{"__proto__":${JSON.stringify(claims(person))}}`;
  const constructed = { constructor: { prototype: claims(person) } };
  await requireRefused(sign(header(person), inherited, signingSecret));
  await requireRefused(sign(header(person), constructed, signingSecret));
  await requireRefused(
    sign(`{"__proto__":${JSON.stringify(header(person))}}`, claims(person), signingSecret),
  );
});

test('[abuse 8–10] stops in good order afterwards, and its log tells none of these tokens', async () => {
  await server.requireDiscreetLog();
});

/** The token with each one of its bits flipped, where a character comes of it; all but those of the last character. */
function oneBitFlipped(token: string): string[] {
  const flipped: string[] = [];
  for (let at = 0; at < token.length - 1; at += 1) {
    for (let bit = 0; bit < 7; bit += 1) {
      const character = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit));
      if (/[!-~]/.test(character)) flipped.push(token.slice(0, at) + character + token.slice(at + 1));
    }
  }
  return flipped;
}

/** Another bit at this place of what the segment encodes. */
function flip(segment: string, at: number): string {
  const bytes = Buffer.from(segment, 'base64url');
  bytes[at] = present(bytes[at]) ^ 1;
  return bytes.toString('base64url');
}
