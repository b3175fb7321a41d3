/** Row 44 of abuse.md: what a browser might do with an answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackedServer, present } from './support/abuse.ts';

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
