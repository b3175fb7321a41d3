/** Rows 1–5 of abuse.md: handshakes that must not open a socket, and those that may. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { attackedServer, type Person, requireProblem } from './support/abuse.ts';
import { closePayload, frame, type HeaderLine, opcodes, requestFrame } from './support/abuse-wire.ts';
import { within } from './support/waiting.ts';

const listed = 'https://good.tld';
const server = attackedServer({ PAPO_ORIGINS: listed });

const bearer = (person: Person): HeaderLine => ['Authorization', `Bearer ${person.token}`];
const protocols = (...offered: string[]): HeaderLine => ['Sec-WebSocket-Protocol', offered.join(', ')];

test('[abuse 1] [SOCK-2] a handshake without a token is refused with 401 unauthorized', async () => {
  for (const headers of [[], [protocols('papo.v1')], [protocols('papo.v1', 'bearer')]]) {
    const response = await server.refusal({ headers });
    requireProblem(response, 401, 'unauthorized');
  }
});

test('[abuse 1] [SOCK-2] a handshake with a bad token in the Authorization header is refused with 401', async () => {
  const { token } = await server.register();
  const bad = [
    ...['', ' ', 'Bearer', 'Bearer ', `Bearer  ,${token}`, `Bearer ${token} ${token}`, `Bearer "${token}"`],
    ...[token, `Basic ${token}`, `Token ${token}`, `Bearer: ${token}`, `Bearer=${token}`, `Bearer,${token}`],
    ...['Bearer null', 'Bearer undefined', 'Bearer ..', 'Bearer a.b.c', 'Bearer __proto__'],
    `Bearer ${'a'.repeat(8_000)}`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token}x`,
    `Bearer ${token},`,
  ];
  for (const value of bad) {
    const response = await server.refusal({ headers: [['Authorization', value]] });
    requireProblem(response, 401, 'unauthorized', value);
  }
});

test('[abuse 1] a handshake with a bad token among its subprotocols is refused with 401', async () => {
  const { token } = await server.register();
  const bad = [`bearer.`, `bearer.x`, `bearer.bearer.${token}`, `Bearer.${token}`, `bearer${token}`, token];
  for (const offered of bad) {
    const response = await server.refusal({ headers: [protocols('papo.v1', offered)] });
    requireProblem(response, 401, 'unauthorized', offered);
  }
});

test('[abuse 1] a bad token is not made good by a good one beside it', async () => {
  const person = await server.register();
  const twice: HeaderLine[] = [['Authorization', 'Bearer a.b.c'], bearer(person)];
  const elsewhere: HeaderLine[] = [
    ['Authorization', 'Bearer a.b.c'],
    protocols('papo.v1', `bearer.${person.token}`),
  ];
  const second: HeaderLine[] = [protocols('papo.v1', 'bearer.a.b.c', `bearer.${person.token}`)];
  for (const headers of [twice, elsewhere, second]) {
    assert.equal((await server.refusal({ headers })).status, 401);
  }
});

test('[abuse 1] a refusal that can be read as HTTP says how long it is and ends the connection', async () => {
  const { connection, response } = await server.handshake({});
  await connection.rest();
  assert.equal(response.headers['connection'], 'close');
  assert.equal(Number(response.headers['content-length']), Buffer.byteLength(response.body));
  assert.equal(response.headers['www-authenticate'], 'Bearer');
});

test('[abuse 1] frames that come along with a refused handshake do nothing', async () => {
  const person = await server.register();
  const id = randomUUID();
  const send = requestFrame(1, 'message.send', { room: server.general, id, text: 'smuggled' });
  await server.refusal({ headers: [['Authorization', `Bearer ${person.token}x`]], early: [send] });
  await server.requireUnharmed();
  assert.deepEqual(await server.query('select from messages where id = $1', [id]), []);
});

test('[abuse 1] a refused peer that keeps its own end open is cut off', async () => {
  const { connection, response } = await server.handshake({});
  assert.equal(response.status, 401);
  await connection.until('the end of what the server says', () => connection.ended);
  const { socket } = connection;
  // A connection that nobody holds any more answers to bytes with a reset.
  const nag = () => {
    if (!socket.destroyed) socket.write('?', () => setImmediate(nag));
  };
  const cut = new Promise(resolve => socket.once('error', resolve));
  nag();
  try {
    await within('the server lets go of the connection', cut);
  } finally {
    socket.destroy();
  }
});

test('[abuse 1] nothing but the address itself upgrades, whatever the token', async () => {
  const person = await server.register();
  const paths = '/ /ws/ /WS //ws /ws%20 /%77s /ws;a /me /me/../ws /ws/../ws /rooms'.split(' ');
  for (const path of paths) {
    const response = await server.refusal({ path, headers: [bearer(person)] });
    requireProblem(response, 404, 'not_found', path);
  }
});

test('[abuse 1] a handshake by another method than GET opens nothing', async () => {
  const person = await server.register();
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
    const { status } = await server.refusal({ method, headers: [bearer(person)] });
    assert.ok(status >= 400 && status < 500, `${method}: ${status}`);
  }
});

test('[abuse 2] [SOCK-5] a plain GET with a valid token is answered with 426', async () => {
  const { token } = await server.register();
  const { status, body } = await server.get<{ code: string }>('/ws', { token });
  assert.equal(status, 426);
  assert.equal(body.code, 'upgrade_required');
});

test('[abuse 2] a 426 names what to upgrade to, as RFC 9110 (15.5.22) wants it', async () => {
  const { headers } = await server.get('/ws', await server.register());
  assert.equal(headers.get('upgrade'), 'websocket');
});

test('[abuse 2] a plain GET without a valid token is answered with 401', async () => {
  assert.equal((await server.get('/ws')).status, 401);
  assert.equal((await server.get('/ws', { token: 'a.b.c' })).status, 401);
});

test('[abuse 2] a request for another protocol, or that is not quite an upgrade, is answered with 426', async () => {
  const person = await server.register();
  const almost: { headers: HeaderLine[]; without?: string[] }[] = [
    ...['h2c', 'TLS/1.0', 'websocket2', 'web socket', 'websocket/13', 'h2c, websocket', ''].map(value => ({
      headers: [['Upgrade', value] as const],
    })),
    { headers: [['Connection', 'keep-alive']] },
    { headers: [], without: ['Connection'] },
    { headers: [], without: ['Upgrade'] },
  ];
  for (const { headers, without = [] } of almost) {
    const { status } = await server.refusal({ headers: [...headers, bearer(person)], without });
    assert.equal(status, 426, JSON.stringify({ headers, without }));
  }
});

test('[abuse 2] an upgrade with a bad key or version is refused', async () => {
  const person = await server.register();
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const bad: { headers: HeaderLine[]; without?: string[] }[] = [
    { headers: [], without: ['Sec-WebSocket-Key'] },
    { headers: [], without: ['Sec-WebSocket-Version'] },
    {
      headers: [
        ['Sec-WebSocket-Key', key],
        ['Sec-WebSocket-Key', key],
      ],
    },
    ...['', 'x', key.slice(1), `${key}=`, '__proto__'].map(value => ({
      headers: [['Sec-WebSocket-Key', value] as const],
    })),
    ...['0', '12', '14', '-13', 'x', '13, 13'].map(value => ({
      headers: [['Sec-WebSocket-Version', value] as const],
    })),
  ];
  for (const { headers, without = [] } of bad) {
    const { status } = await server.refusal({ headers: [...headers, bearer(person)], without });
    assert.ok(status >= 400 && status < 500, `${JSON.stringify({ headers, without })}: ${status}`);
  }
});

test('[abuse 3] [SOCK-3] a page of another origin is refused with 403, whatever its token', async () => {
  const person = await server.register();
  const { host, port } = new URL(server.url);
  const foreign = [
    ...['null', '', ' ', 'undefined', '*', 'https://evil.tld', `http://evil.tld:${port}`],
    // Beside the listed one.
    ...['https://good.tld.evil.tld', 'https://evil-good.tld', 'https://evil.good.tld', 'https://good.tl'],
    'https://good.tld:8443',
    'http://good.tld',
    'https://good.tld@evil.tld',
    'https://evil.tld/https://good.tld',
    ...['https://evil.tld?https://good.tld', 'https://evil.tld#https://good.tld', '//good.tld', 'good.tld'],
    'https://good.tld, https://evil.tld',
    'https://evil.tld, https://good.tld',
    'https://good.tld https://evil.tld',
    // Beside the server's own.
    'http://127.0.0.1',
    `http://127.0.0.1:${Number(port) + 1}`,
    `http://localhost:${port}`,
    `http://[::1]:${port}`,
    `http://${host}.evil.tld`,
    `http://${host}@evil.tld`,
    `http://evil.tld/http://${host}`,
    `http://evil.tld#@${host}`,
    ...['file://', 'https://', 'http:', 'data:text/html,x', 'chrome-extension://abc'],
  ];
  for (const origin of foreign) {
    const response = await server.refusal({ headers: [['Origin', origin], bearer(person)] });
    requireProblem(response, 403, 'forbidden', origin);
  }
});

test('[abuse 3] a foreign origin beside a good one is refused with 403', async () => {
  const person = await server.register();
  const good: HeaderLine = ['Origin', listed];
  const foreign: HeaderLine = ['Origin', 'https://evil.tld'];
  for (const origins of [
    [good, foreign],
    [foreign, good],
  ]) {
    assert.equal((await server.refusal({ headers: [...origins, bearer(person)] })).status, 403);
  }
});

test('[abuse 3] forwarding headers of a peer that is no trusted proxy do not make an origin the own one', async () => {
  const person = await server.register();
  for (const name of ['X-Forwarded-Host', 'Forwarded', 'X-Host', 'X-Original-Host']) {
    const value = name === 'Forwarded' ? 'host=evil.tld' : 'evil.tld';
    const response = await server.refusal({
      headers: [['Origin', 'https://evil.tld'], [name, value], bearer(person)],
    });
    assert.equal(response.status, 403, name);
  }
});

test('[abuse 3] [SOCK-3] a page of the server itself and a page of a listed origin may connect', async () => {
  const person = await server.register();
  for (const origin of [server.url, listed]) await server.connect(person, { headers: [['Origin', origin]] });
});

test('[abuse 4] [SOCK-1] a client without an origin connects with a valid token, in either place', async () => {
  const person = await server.register();
  const byHeader = await server.connect(person);
  assert.equal(byHeader.response.headers['sec-websocket-protocol'], undefined);
  const byProtocol = await server.handshake({ headers: [protocols('papo.v1', `bearer.${person.token}`)] });
  assert.equal(byProtocol.response.status, 101);
  assert.equal(byProtocol.response.headers['sec-websocket-protocol'], 'papo.v1');
  await byProtocol.greeted();
});

test('[abuse 4] [SOCK-1] the token never comes back, whatever is offered beside it', async () => {
  const { token } = await server.register();
  const offers = [
    [`bearer.${token}`],
    [`bearer.${token}`, 'papo.v1'],
    ['papo.v2', `bearer.${token}`],
    ['papo.v1x', 'PAPO.V1', `bearer.${token}`],
  ];
  for (const offered of offers) {
    const socket = await server.handshake({ headers: [protocols(...offered)] });
    assert.equal(socket.response.status, 101);
    await socket.greeted();
    assert.ok(!socket.connection.received.includes(token));
    const chosen = offered.includes('papo.v1') ? 'papo.v1' : undefined;
    assert.equal(socket.response.headers['sec-websocket-protocol'], chosen);
  }
});

test('[abuse 4] [SOCK-6] frames in one packet with the handshake are answered, after hello', async () => {
  const person = await server.register();
  const id = randomUUID();
  const send = requestFrame('early', 'message.send', { room: server.general, id, text: 'early' });
  const socket = await server.connect(person, { early: [send, requestFrame('ping', 'ping')] });
  const { output } = await socket.answer('early');
  await socket.answer('ping');
  assert.equal(socket.texts[0]?.event, 'hello');
  const { message } = output as { message: Parameters<typeof server.acknowledged>[1] };
  server.acknowledged(server.general, message);
});

test('[abuse 4] a bad frame in one packet with the handshake closes the connection and nothing else', async () => {
  const person = await server.register();
  const headers = [bearer(person)];
  const bad: [Buffer, number][] = [
    [frame({ masked: false, payload: 'x' }), 1002],
    [frame({ opcode: opcodes.binary }), 1003],
    [frame({ payload: Buffer.from([0xff]) }), 1007],
    [frame({ declaredLength: 2n ** 63n }), 1009],
    [Buffer.from('GET /me HTTP/1.1\r\n\r\n'), 1002],
  ];
  for (const [bytes, code] of bad) {
    const socket = await server.handshake({ headers, early: [bytes] });
    assert.equal(socket.response.status, 101);
    assert.equal(await socket.closed(), code);
  }
});

test('[abuse 4] a close in one packet with the handshake is answered', async () => {
  const close = frame({ opcode: opcodes.close, payload: closePayload(1000) });
  const socket = await server.handshake({ headers: [bearer(await server.register())], early: [close] });
  assert.equal(await socket.closed(), 1000);
});

test('[abuse 5] [SOCK-4] a token in the URL is no token', async () => {
  const { token } = await server.register();
  const queries = [
    'token',
    'access_token',
    'authorization',
    'bearer',
    'Sec-WebSocket-Protocol',
    'papo.v1',
    '__proto__',
  ];
  for (const name of queries) {
    const path = `/ws?${name}=${token}`;
    assert.equal((await server.refusal({ path })).status, 401, name);
    assert.equal((await server.get(path)).status, 401, name);
    assert.equal((await server.get(`/me?${name}=${token}`)).status, 401, name);
  }
  for (const path of [`/ws?Bearer%20${token}`, `/ws#token=${token}`, `/ws?token=Bearer+${token}`]) {
    const { status } = await server.refusal({ path });
    assert.ok(status === 401 || status === 404 || status === 400, `${path}: ${status}`);
  }
});

test('[abuse 1–5] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
