/** Row 44 of abuse.md: what a browser might do with an answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { ErrorCode } from '../src/contract/codes.ts';
import { refuseNowhere, refuseUnreadable } from '../src/server/doors/unreadable.ts';
import { attackedServer, json, present, requireProblem } from './support/abuse.ts';
import { RawConnection } from './support/abuse-wire.ts';
import { atEnd } from './support/at-end.ts';

const page = 'https://page.example';
const server = attackedServer({ PAPO_ORIGINS: page });

const guarding: Record<string, string> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

type Fields = Record<string, string | undefined>;

function requireGuarded(what: string, fields: Fields, caching = 'no-store'): void {
  for (const [name, value] of Object.entries(guarding)) assert.equal(fields[name], value, `${what}: ${name}`);
  assert.equal(fields['cache-control'], caching, `${what}: cache-control`);
}

test('[abuse 44] every answer over HTTP says what a browser must not do with it', async () => {
  const { token } = await server.register();
  const bearer = `Authorization: Bearer ${token}`;
  const asked: [method: string, path: string, status: number, headers: string[]][] = [
    ['GET', '/me', 200, [bearer]],
    ['GET', '/rooms', 200, [bearer]],
    [
      'POST',
      '/logout',
      204,
      [`Authorization: Bearer ${(await server.register()).token}`, 'Content-Length: 0'],
    ],
    ['GET', '/me', 401, []],
    ['DELETE', '/me', 405, [bearer]],
    ['GET', '/nowhere', 404, [bearer]],
    ['POST', '/login', 400, ['Content-Length: 0']],
    ['POST', '/login', 413, ['Content-Length: 999999']],
    ['GET', '/ws', 426, [bearer]],
    ['OPTIONS', '/me', 204, [`Origin: ${page}`, 'Access-Control-Request-Method: GET']],
    ['GET', '/livez', 200, []],
    ['GET', '/readyz', 200, []],
    ['GET', '/version', 200, []],
  ];
  for (const [method, path, status, headers] of asked) {
    const [answer] = await server.exchange(server.head(method, path, headers));
    const what = `${method} ${path}`;
    assert.equal(present(answer).status, status, what);
    requireGuarded(what, present(answer).headers);
  }
});

test('[abuse 44] what is no request is answered so, too, in the words of a problem', async () => {
  const chunked = ['Transfer-Encoding: chunked', json];
  const asked: [what: string, bytes: string, status: number, code: ErrorCode][] = [
    ['no HTTP', 'What is this?\r\n\r\n', 400, 'bad_request'],
    ['a line that is no header', server.head('GET', '/me', ['no header']), 400, 'bad_request'],
    ['no Host', 'GET /me HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    ['a Host that is none', 'GET /me HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    ['a path that is none', server.head('OPTIONS', '*'), 400, 'bad_request'],
    ['what nobody can expect', server.head('GET', '/me', ['Expect: a miracle']), 417, 'bad_request'],
    ['too many headers', server.head('GET', '/me', [`X: ${'x'.repeat(100 * 1024)}`]), 431, 'too_large'],
    [
      'a long chunk extension',
      `${server.head('POST', '/login', chunked)}1;${'x'.repeat(100 * 1024)}\r\n`,
      413,
      'too_large',
    ],
  ];
  for (const [what, bytes, status, code] of asked) {
    const [answer, ...others] = await server.exchange(bytes);
    requireProblem(answer, status, code, what);
    requireGuarded(what, present(answer).headers);
    assert.equal(present(answer).headers['connection'], 'close');
    assert.deepEqual(others, []);
  }
});

/** A server that answers each request so, and a connection to it. */
async function connected(t: TestContext, answer: RequestListener): Promise<RawConnection> {
  const server = createServer(answer);
  refuseUnreadable(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(t, () => {
    server.close();
    server.closeAllConnections();
  });
  return new RawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test('[abuse 44] bytes that are no request, while one is being answered, get no answer inside of that one', async t => {
  const connection = await connected(t, (_request, response) => void response.write('half of an answer'));
  connection.write('GET / HTTP/1.1\r\nHost: papo\r\n\r\n');
  await connection.until('the first half', () => connection.received.includes('half of an answer'));
  connection.write('What is this?\r\n\r\n');
  const received = String(await connection.rest());
  assert.deepEqual(received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200']);
});

test('[abuse 44] bytes that are no request do not get the answer of the one before, which may yet be performed', async t => {
  const asked: string[] = [];
  const connection = await connected(t, ({ method }) => void asked.push(String(method)));
  connection.write('POST / HTTP/1.1\r\nHost: papo\r\nContent-Length: 2\r\n\r\n{}', 'What is this?\r\n\r\n');
  assert.equal(String(await connection.rest()), '');
  assert.deepEqual(asked, ['POST']);
});

test('[abuse 44] what goes wrong before there is a route is our fault, and is logged', () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: line => void lines.push(line) });
  assert.equal(refuseNowhere(log)(new Error('a defect of ours')).status, 500);
  assert.match(lines.join(''), /a defect of ours/);
});

test('[abuse 44] the documents, which are everyone’s, may be kept and asked for again', async () => {
  for (const path of ['/openapi.json', '/asyncapi.json']) {
    const [answer] = await server.exchange(server.head('GET', path));
    requireGuarded(path, present(answer).headers, 'no-cache');
  }
});

test('[abuse 44] a refused handshake says it as well', async () => {
  const { headers } = await server.refusal({});
  requireGuarded('a refusal', headers);
});
