/** Row 19 of abuse.md: HTTP requests whose type, method, length or framing is not what it should be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { attackedServer, json, newName, present, requireProblem } from './support/abuse.ts';
import { RawConnection, responsesIn } from './support/abuse-wire.ts';

const bodyBytes = 128 * 1024;

const server = attackedServer();

const usersNamed = (username: string) => server.query('select from users where username = $1', [username]);

test('[abuse 19] [HTTP-2] a body of another content type than JSON is refused with 415', async () => {
  const types = [
    'text/plain',
    'text/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json5',
    'application/json-patch+json',
    'application/problem+json',
    '*/*',
    'application/json, text/plain',
    'text/plain, application/json',
    'text/plain; application/json',
    'json',
    '',
    ';',
    'application',
    'application/',
    'application/json/x',
    'application/ json',
    '"application/json"',
    '__proto__',
  ].map(type => [`Content-Type: ${type}`]);
  for (const headers of [
    [],
    ...types,
    ['Content-Type: text/plain', json],
    ['X-Content-Type: application/json'],
  ]) {
    const name = newName();
    const response = await server.postBytes('/register', server.credentials(name), headers);
    requireProblem(response, 415, 'unsupported_media_type', headers.join());
    assert.deepEqual(await usersNamed(name), []);
  }
});

test('[abuse 19] JSON may say its charset, in any case', async () => {
  for (const type of [
    'application/json; charset=utf-8',
    'Application/JSON;charset=UTF-8',
    'application/json ;x=y',
  ]) {
    assert.equal(
      (await server.postBytes('/register', server.credentials(), [`Content-Type: ${type}`])).status,
      201,
      type,
    );
  }
});

test('[abuse 19] [HTTP-4] another method on the address of an operation is answered with 405', async () => {
  const asked = { '/login': 'POST', '/register': 'POST', '/me': 'GET', '/directs': 'POST' };
  for (const [path, allowed] of Object.entries(asked)) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) {
      if (method === allowed) continue;
      const [response] = await server.exchange(server.head(method, path));
      requireProblem(response, 405, 'method_not_allowed', `${method} ${path}`);
    }
  }
});

test('[abuse 19] [HTTP-4] a 405 names the methods there are, as RFC 9110 (15.5.6) wants it', async () => {
  const [login] = await server.exchange(server.head('GET', '/login'));
  assert.equal(login?.headers['allow'], 'POST');
  const [rooms] = await server.exchange(server.head('DELETE', '/rooms'));
  assert.deepEqual(rooms?.headers['allow']?.split(/, */).sort(), ['GET', 'POST']);
});

test('[abuse 19] a method is what the request line says, whatever a header or a field claims', async () => {
  const name = newName();
  const headers = ['X-HTTP-Method-Override: POST', 'X-Method-Override: POST', json, 'Content-Length: 0'];
  const [response] = await server.exchange(
    server.head('GET', `/register?_method=POST&username=${name}`, headers),
  );
  assert.equal(response?.status, 405);
});

test('[abuse 19] an empty body is a bad request', async () => {
  for (const headers of [[json], []]) {
    for (const path of ['/login', '/register']) {
      requireProblem(await server.postBytes(path, '', headers), 400, 'bad_request', path);
      const [unsized] = await server.exchange(server.head('POST', path, headers));
      requireProblem(unsized, 400, 'bad_request', `${path} without a length`);
      const chunked = server.head('POST', path, [...headers, 'Transfer-Encoding: chunked']);
      requireProblem(
        (await server.exchange(chunked, '0\r\n\r\n'))[0],
        400,
        'bad_request',
        `${path} in no chunk`,
      );
    }
  }
  requireProblem(await server.postBytes('/login', '   '), 400, 'bad_request', 'white space');
});

test('[abuse 19] [HTTP-3] a body of the limit is taken, one of a byte more is too large', async () => {
  const padded = (bytes: number) => server.credentials().padEnd(bytes);
  assert.equal((await server.postBytes('/register', padded(bodyBytes))).status, 201);
  const response = await server.postBytes('/register', padded(bodyBytes + 1));
  requireProblem(response, 413, 'too_large', 'a byte more');
});

test('[abuse 19] a body that does not say its length is too large as soon as it is', async () => {
  const head = server.head('POST', '/register', [json, 'Transfer-Encoding: chunked']);
  const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
  const connection = new RawConnection(server.url);
  // Without an end: who waits for it will not answer.
  connection.write(head, ...Array(9).fill(chunk));
  const response = await connection.until('the refusal', () => responsesIn(connection.received)[0]);
  connection.socket.destroy();
  requireProblem(response, 413, 'too_large', 'in chunks');
});

test('[abuse 19] a body that says it is too large is refused before it is sent', async () => {
  for (const length of ['131073', '99999999999', '9007199254740993']) {
    const connection = new RawConnection(server.url);
    connection.write(server.head('POST', '/login', [json, `Content-Length: ${length}`]));
    const response = await connection.until('the refusal', () => responsesIn(connection.received)[0]);
    connection.socket.destroy();
    requireProblem(response, 413, 'too_large', length);
  }
});

test('[abuse 19] the body limit holds on every address, with and without a token', async () => {
  const { token } = await server.register();
  const body = ' '.repeat(bodyBytes + 1);
  for (const path of ['/rooms', `/rooms/${server.general}/messages`, '/directs', '/nowhere', '/ws']) {
    for (const headers of [[json], [json, `Authorization: Bearer ${token}`]]) {
      requireProblem(await server.postBytes(path, body, headers), 413, 'too_large', path);
    }
  }
});

test('[abuse 19] a body shorter than it says is not performed, whoever ends the connection', async () => {
  const name = newName();
  const body = server.credentials(name);
  const head = server.head('POST', '/register', [json, `Content-Length: ${body.length + 1}`]);
  const halfClosed = new RawConnection(server.url);
  halfClosed.write(head, body);
  halfClosed.socket.end();
  for (const { status } of responsesIn(await halfClosed.rest())) assert.equal(status, 400);
  const cut = new RawConnection(server.url);
  cut.write(head, body);
  await new Promise(resolve => cut.socket.write('', resolve));
  cut.socket.resetAndDestroy();
  await server.requireUnharmed();
  assert.deepEqual(await usersNamed(name), []);
});

test('[abuse 19] a request whose length is ambiguous is refused, and nothing in it is performed', async () => {
  const smuggled = newName();
  const body = server.credentials(smuggled);
  const inner = `${server.head('POST', '/register', [json, `Content-Length: ${body.length}`])}${body}`;
  const chunked = `0\r\n\r\n${inner}`;
  const framings = [
    [`Content-Length: ${chunked.length}`, 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', `Content-Length: ${chunked.length}`],
    ['Content-Length: 0', `Content-Length: ${chunked.length}`],
    [`Content-Length: 0, ${chunked.length}`],
    ['Content-Length: -1'],
    ['Content-Length: +0'],
    ['Content-Length: 0x0'],
    ['Content-Length: 0 0'],
    ['Content-Length: 1e1'],
    ['Content-Length: 99999999999999999999'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: chunked, identity'],
    ['Transfer-Encoding: identity', 'Content-Length: 0'],
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding:\x0bchunked'],
    [' Transfer-Encoding: chunked'],
    ['X: y\rTransfer-Encoding: chunked'],
    ['X: y\nTransfer-Encoding: chunked'],
  ];
  for (const framing of framings) {
    const responses = await server.exchange(server.head('POST', '/login', [json, ...framing]), chunked);
    assert.deepEqual(
      responses.map(({ status }) => status),
      [400],
      framing.join(' | '),
    );
  }
  assert.deepEqual(await usersNamed(smuggled), []);
});

test('[abuse 19] chunks that are malformed are refused, and nothing after them is performed', async () => {
  const smuggled = newName();
  const body = server.credentials(smuggled);
  const inner = `${server.head('POST', '/register', [json, `Content-Length: ${body.length}`])}${body}`;
  const head = server.head('POST', '/login', [json, 'Transfer-Encoding: chunked']);
  const chunks = [
    'x\r\n',
    '-1\r\n',
    '0x5\r\n',
    '5\r\n{}',
    '5\n{"a":\n',
    'FFFFFFFFFFFFFFFFF\r\n',
    ' 0\r\n',
    '0 \r\n\r',
    '2\r\n{}0\r\n\r\n',
  ];
  for (const chunk of chunks) {
    const responses = await server.exchange(head, chunk, inner);
    assert.deepEqual(
      responses.map(({ status }) => status),
      [400],
      JSON.stringify(chunk),
    );
  }
  assert.deepEqual(await usersNamed(smuggled), []);
});

test('[abuse 19] a request in the body of another is not performed', async () => {
  const { token } = await server.register();
  const smuggled = newName();
  const body = server.credentials(smuggled);
  const inner = `POST /register HTTP/1.1\r\nHost: x\r\n${json}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  for (const [method, path] of [
    ['GET', '/me'],
    ['GET', '/ws'],
    ['DELETE', '/me'],
    ['HEAD', '/me'],
  ] as const) {
    const headers = [`Authorization: Bearer ${token}`, `Content-Length: ${inner.length}`];
    const responses = await server.exchange(server.head(method, path, headers), inner);
    assert.ok(responses.length <= 1, `${method} ${path}: ${responses.length} responses`);
  }
  assert.deepEqual(await usersNamed(smuggled), []);
});

test('[abuse 19] requests in one packet are answered in order, also after a bad one', async () => {
  const person = await server.register();
  const keptAlive = (method: string, path: string, headers: readonly string[] = []) =>
    server.head(method, path, headers).replace('Connection: close\r\n', '');
  const authorized = [`Authorization: Bearer ${person.token}`];
  const responses = await server.exchange(
    keptAlive('POST', '/login', [json, 'Content-Length: 1']),
    '{',
    keptAlive('GET', '/me', authorized),
    keptAlive('GET', '/login'),
    server.head('GET', '/me', authorized),
  );
  assert.deepEqual(
    responses.map(({ status }) => status),
    [400, 200, 405, 200],
  );
});

test('[abuse 19] a compressed body is not unpacked', async () => {
  for (const encoding of ['gzip', 'deflate', 'br', 'zstd']) {
    const response = await server.postBytes('/login', gzipSync(server.credentials()), [
      json,
      `Content-Encoding: ${encoding}`,
    ]);
    assert.ok(response.status === 400 || response.status === 415, `${encoding}: ${response.status}`);
  }
});

test('[abuse 19] a client that waits for leave to send its body is told to go on, or why not', async () => {
  const body = server.credentials();
  const head = (length: number) =>
    server.head('POST', '/register', [json, `Content-Length: ${length}`, 'Expect: 100-continue']);
  assert.equal((await server.exchange(head(body.length), body))[0]?.status, 201);
  const unknown = server.head('POST', '/register', [json, 'Content-Length: 2', 'Expect: a-miracle']);
  assert.equal((await server.exchange(unknown, '{}'))[0]?.status, 417);
});

test('[abuse 19] what is not HTTP, or not quite, is a bad request', async () => {
  const host = new URL(server.url).host;
  const requests = [
    ...['GET / HTTP/1.1\r\n\r\n', 'GET /me HTTP/9.9\r\nHost: x\r\n\r\n'],
    'get /me HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /me\r\n\r\n',
    '\0\0\0\0\r\n\r\n',
    '{"username":"x"}\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'SSH-2.0-x\r\n\r\n',
    `GET /me HTTP/1.1\r\nHost: ${host}\r\nBad Header: x\r\n\r\n`,
    `GET /me HTTP/1.1\r\nHost: ${host}\r\n: x\r\n\r\n`,
    `GET /me HTTP/1.1\r\nHost: ${host}\r\nX: a\0b\r\n\r\n`,
    `GET /me HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n`,
  ];
  for (const bytes of requests) {
    const responses = await server.exchange(bytes);
    assert.deepEqual(
      responses.map(({ status }) => status),
      [400],
      JSON.stringify(bytes),
    );
  }
});

test('[abuse 19] a target that is no address of ours is refused, whatever its form', async () => {
  const targets = [
    '/nowhere',
    '/login/',
    '//login',
    '/LOGIN',
    '/log%69n/x',
    '/%',
    '/%zz',
    '/%00',
    '/%ff',
    '/../login/x',
    '/rooms/%',
    '/rooms/%zz',
    '/rooms/%00',
    '/rooms/%ff%fe',
    '/rooms/%2e%2e/me',
    `/rooms/${'x'.repeat(10_000)}`,
    '*',
    'login',
    'http://evil.tld/nowhere',
    'http://',
    'ftp://x/me',
    'http://[/me',
    '/a\\b',
    '/é',
    '/\x7f',
  ];
  for (const target of targets) {
    const [response] = await server.exchange(server.head('GET', target));
    const { status } = present(response);
    assert.ok([400, 401, 404].includes(status), `${target.slice(0, 50)}: ${status}`);
  }
});

test('[abuse 19] stops in good order afterwards, and its log tells no password', async () => {
  await server.requireDiscreetLog();
});
