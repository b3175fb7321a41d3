/** Rows 6 and 7 of abuse.md: headers that are too many, too large, or that claim to come from somewhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rates } from '../src/contract/limits.ts';
import { type AttackedServer, attackedServer, present } from './support/abuse.ts';
import { type HeaderLine, handshakeBytes, RawConnection, responsesIn } from './support/abuse-wire.ts';
import { request } from './support/people.ts';

/** As it is run without a proxy in front; and behind two, on this machine and in a network. */
const alone = attackedServer({ PAPO_RATE_LIMITS: 'on' });
const behindProxies = attackedServer({
  PAPO_RATE_LIMITS: 'on',
  PAPO_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8, fd00::/8',
});

const lines = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at));

/** Every way in: an address of HTTP, the handshake's, and none at all. */
const paths = ['/me', '/ws', '/nowhere'];

async function statuses(path: string, headers: readonly string[]): Promise<number[]> {
  return (await alone.exchange(alone.head('GET', path, headers))).map(({ status }) => status);
}

test('[abuse 6] a thousand headers, or one of 100 KB, are refused with 431, whatever is asked for', async () => {
  const { token } = await alone.register();
  const floods = [
    lines(1_000, at => `X-Header-${at}: some value`),
    lines(1_000, () => 'Cookie: a=b; c=d; e=f'),
    lines(20_000, at => `h${at}: x`),
    [`X-Large: ${'x'.repeat(100 * 1024)}`],
    [`${'x'.repeat(100 * 1024)}: x`],
    [`Authorization: Bearer ${'x'.repeat(100 * 1024)}`],
    [`Cookie: ${'x=y; '.repeat(20_000)}`],
  ];
  for (const path of paths) {
    for (const flood of floods) {
      assert.deepEqual(await statuses(path, [`Authorization: Bearer ${token}`, ...flood]), [431]);
    }
  }
});

test('[abuse 6] a header of 100 KB that comes bit by bit is refused before its end', async () => {
  const connection = new RawConnection(alone.url);
  connection.write('GET /me HTTP/1.1\r\nHost: x\r\nX-Large: ');
  for (let part = 0; part < 100 && !connection.ended; part += 1) {
    connection.write('x'.repeat(1024));
    await new Promise(setImmediate);
  }
  const statuses = responsesIn(await connection.rest()).map(({ status }) => status);
  // What was written after the refusal may reset the connection before it is read. Waiting for the rest would end with 408.
  assert.ok(statuses.length === 0 || statuses.join() === '431', statuses.join());
});

test('[abuse 6] a handshake with too many headers, or one too large, is refused with 431', async () => {
  const { token } = await alone.register();
  const bearer: HeaderLine = ['Authorization', `Bearer ${token}`];
  const floods: HeaderLine[][] = [
    Array.from({ length: 1_000 }, (_, at) => [`X-Header-${at}`, 'some value']),
    [['Sec-WebSocket-Protocol', lines(20_000, at => `p${at}`).join(', ')]],
    [['Sec-WebSocket-Extensions', 'permessage-deflate; '.repeat(5_000)]],
    [['X-Large', 'x'.repeat(100 * 1024)]],
  ];
  for (const flood of floods)
    assert.equal((await alone.refusal({ headers: [bearer, ...flood] })).status, 431);
});

test('[abuse 6] a URL of 64 KB is refused with 414 or 431, in its path and in its query', async () => {
  const long = 'x'.repeat(64 * 1024);
  for (const path of [
    `/${long}`,
    `/me?${long}`,
    `/rooms/${long}`,
    `/ws?token=${long}`,
    `/users?query=${long}`,
  ]) {
    const [status, ...more] = await statuses(path, []);
    assert.ok(status === 414 || status === 431, `${path.slice(0, 20)}: ${status}`);
    assert.deepEqual(more, []);
  }
});

test('[abuse 6] many small headers within the limit are no harm', async () => {
  const { token } = await alone.register();
  const small = lines(100, at => `h${at}: x`);
  assert.deepEqual(await statuses('/me', [`Authorization: Bearer ${token}`, ...small]), [200]);
});

test('[abuse 6] headers named like the prototype are ignored, over HTTP and in a handshake', async () => {
  const person = await alone.register();
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
  const values = ['x', '{"authorization":"x"}', `Bearer ${person.token}`];
  const strange = names.flatMap(name => values.map(value => [name, value] as const));
  const asLines = strange.map(line => line.join(': '));
  assert.deepEqual(await statuses('/me', [`Authorization: Bearer ${person.token}`, ...asLines]), [200]);
  assert.deepEqual(await statuses('/me', asLines), [401]);
  await alone.connect(person, { headers: strange });
  assert.equal((await alone.refusal({ headers: strange })).status, 401);
});

test('[abuse 6] a flood of headers on a connection that is kept ends that connection alone', async () => {
  const person = await alone.register();
  const socket = await alone.connect(person);
  const connection = new RawConnection(alone.url);
  connection.write('GET /me HTTP/1.1\r\nHost: x\r\n\r\n');
  await connection.until('the first answer', () => responsesIn(connection.received).length === 1);
  connection.write(`GET /me HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100 * 1024)}\r\n\r\n`);
  const answers = responsesIn(await connection.rest()).map(({ status }) => status);
  assert.deepEqual(answers, [401, 431]);
  assert.ok((await socket.call(1, 'ping')).output);
});

/** What a handshake with these headers is answered with. */
async function asked(server: AttackedServer, headers: readonly HeaderLine[]): Promise<number> {
  const { token } = await server.register();
  const connection = new RawConnection(server.url);
  connection.write(
    handshakeBytes(server.url, { headers: [...headers, ['Authorization', `Bearer ${token}`]] }),
  );
  const response = await connection.until('an answer', () => responsesIn(connection.received).at(0));
  connection.socket.destroy();
  return response.status;
}

test('[abuse 7] whose origin is their own is asked of the host, of a trusted proxy of what it forwards', async () => {
  const page: HeaderLine[] = [
    ['Origin', 'https://chat.example'],
    ['X-Forwarded-Host', 'chat.example'],
  ];
  assert.equal(await asked(alone, page), 403);
  assert.equal(await asked(behindProxies, page), 101);
  assert.equal(await asked(behindProxies, [...page, ['Host', 'elsewhere.example']]), 101);
  const foreign: HeaderLine = ['Origin', 'https://evil.example'];
  assert.equal(await asked(behindProxies, [foreign, ['X-Forwarded-Host', 'chat.example']]), 403);
  assert.equal(await asked(behindProxies, [foreign, ['X-Original-Host', 'evil.example']]), 403);
});

test('[abuse 7] what a client writes before a proxy that adds its host to it is not believed', async () => {
  const page = (host: string): HeaderLine => ['Origin', `https://${host}`];
  const added = 'evil.example, chat.example';
  for (const forwarded of [[added], added.split(', ')].map(hosts =>
    hosts.map((host): HeaderLine => ['X-Forwarded-Host', host]),
  )) {
    assert.equal(await asked(behindProxies, [page('evil.example'), ...forwarded]), 403);
    assert.equal(await asked(behindProxies, [page('chat.example'), ...forwarded]), 101);
  }
  assert.equal(
    await asked(behindProxies, [page('evil.example'), ['X-Forwarded-Host', 'evil.example,']]),
    403,
  );
});

/** Registers names that are taken, which costs nothing but what the rate counts. How many were refused for the rate? */
async function refusedOf(
  server: AttackedServer,
  count: number,
  headers: (at: number) => object,
): Promise<number> {
  const { username } = server.bystander.hello?.user ?? assert.fail();
  const body = { username, password: 'nobody has it' };
  const answers = await Promise.all(
    lines(count, String).map((_, at) =>
      request<{ code: string }>(server.url, 'POST', '/register', { body, headers: { ...headers(at) } }),
    ),
  );
  const codes = answers.map(answer => answer.body.code);
  assert.deepEqual(
    codes.filter(code => code !== 'username_taken' && code !== 'rate_limited'),
    [],
  );
  for (const { status, headers: given } of answers.filter(({ body: { code } }) => code === 'rate_limited')) {
    assert.equal(status, 429);
    assert.ok(Number(given.get('retry-after')) >= 1);
  }
  return codes.filter(code => code === 'rate_limited').length;
}

const { burst } = rates.registrations;
const attempts = 2 * burst;
const forwarded = (value: string) => ({ 'X-Forwarded-For': value });
const anAddress = (at: number) => `198.51.100.${at}`;

test('[abuse 7] from a trusted proxy each address is counted by itself', async () => {
  assert.equal(await refusedOf(behindProxies, attempts, at => forwarded(anAddress(at))), 0);
  assert.ok((await refusedOf(behindProxies, attempts, () => forwarded('203.0.113.1'))) > 0);
});

test('[abuse 7] what a client writes before the proxies do is not believed', async () => {
  const forged = (at: number) => forwarded(`${anAddress(at)}, 192.0.2.77, 203.0.113.2, 10.1.2.3`);
  assert.ok((await refusedOf(behindProxies, attempts, forged)) > 0);
  // The forged addresses were not charged for it.
  assert.equal(await refusedOf(behindProxies, 1, () => forwarded('192.0.2.77')), 0);
  // The one that the outer proxy named was, whatever stands before it.
  assert.ok((await refusedOf(behindProxies, attempts, () => forwarded('203.0.113.2'))) > 0);
});

test('[abuse 7] an address that an untrusted proxy stands for is not believed', async () => {
  const relayed = (at: number) => forwarded(`${anAddress(at)}, 203.0.113.3`);
  assert.ok((await refusedOf(behindProxies, attempts, relayed)) > 0);
});

test('[abuse 7] of IPv6 the network of 64 bits counts', async () => {
  const inOneNetwork = (at: number) => forwarded(`2001:db8:1:1:${(at + 1).toString(16)}::${at + 1}`);
  assert.ok((await refusedOf(behindProxies, attempts, inOneNetwork)) > 0);
  const inMany = (at: number) => forwarded(`2001:db8:2:${(at + 1).toString(16)}::1`);
  assert.equal(await refusedOf(behindProxies, attempts, inMany), 0);
});

test('[abuse 7] an IPv4 address in the clothes of IPv6 is the same address', async () => {
  const spellings = ['203.0.113.4', '::ffff:203.0.113.4', '::FFFF:cb00:7104', '0:0:0:0:0:ffff:203.0.113.4'];
  const dressed = (at: number) => forwarded(present(spellings[at % spellings.length]));
  assert.ok((await refusedOf(behindProxies, attempts, dressed)) > 0);
});

test('[abuse 7] a port that a proxy adds makes no other address', async () => {
  for (const address of ['203.0.113.5', '[2001:db8:3:1::1]']) {
    const withPort = (at: number) => forwarded(`${address}:${49_152 + at}`);
    assert.ok((await refusedOf(behindProxies, attempts, withPort)) > 0, address);
  }
});

test('[abuse 7] what is no address is somebody, and no harm', async () => {
  const strange = ['', ',', ', ,', 'unknown', '__proto__', '999.1.1.1', '1.2.3', '::g', 'x'.repeat(8_000)];
  await refusedOf(behindProxies, strange.length, at => forwarded(present(strange[at])));
});

test('[abuse 7] a peer that is no trusted proxy is counted by its own address, whatever it says', async () => {
  const claims = (at: number) => ({
    'X-Forwarded-For': anAddress(at),
    'X-Real-IP': anAddress(at),
    'True-Client-IP': anAddress(at),
    'CF-Connecting-IP': anAddress(at),
    'X-Client-IP': anAddress(at),
    Forwarded: `for=${anAddress(at)}`,
  });
  assert.ok((await refusedOf(alone, attempts, claims)) > 0);
});

test('[abuse 6, 7] both stop in good order afterwards, and their logs tell no password or token', async () => {
  await alone.requireDiscreetLog();
  await behindProxies.requireDiscreetLog();
});
