/** Row 17 of abuse.md: bodies that are no JSON, or not the JSON that was asked for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { attackedServer, newName, requireProblem } from './support/abuse.ts';

const bodyBytes = 128 * 1024;

const server = attackedServer();

const usersNamed = (username: string) => server.query('select from users where username = $1', [username]);

async function requireBadRequest(body: string | Buffer, what = String(body).slice(0, 100)): Promise<void> {
  for (const path of ['/register', '/login']) {
    requireProblem(await server.postBytes(path, body), 400, 'bad_request', `${path}: ${what}`);
  }
}

const nested = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);

test('[abuse 17] [HTTP-2] a body that is JSON but no object is a bad request', async () => {
  const inList = `[${server.credentials()}]`;
  for (const body of [
    '[]',
    inList,
    '0',
    '-1.5e9',
    '1e999',
    'null',
    'true',
    'false',
    '""',
    '"username"',
    '[[]]',
  ]) {
    await requireBadRequest(body);
  }
});

test('[abuse 17] a body without a field that it needs is a bad request', async () => {
  const [username, password] = [newName(), server.newPassword()];
  const missing = [
    {},
    { username },
    { password },
    { username, password: null },
    { username: null, password },
  ];
  const renamed = [
    { Username: username, password },
    { username, ' password': password },
    { user: { username, password } },
  ];
  for (const body of [...missing, ...renamed]) await requireBadRequest(JSON.stringify(body));
});

test('[abuse 17] a body that starts with a byte order mark, or is in another encoding, is a bad request', async () => {
  const text = server.credentials();
  await requireBadRequest(`\ufeff${text}`, 'UTF-8 with a byte order mark');
  await requireBadRequest(Buffer.from(text, 'utf16le'), 'UTF-16 LE');
  await requireBadRequest(Buffer.from(`\ufeff${text}`, 'utf16le'), 'UTF-16 LE with a byte order mark');
  await requireBadRequest(Buffer.from(text, 'utf16le').swap16(), 'UTF-16 BE');
  await requireBadRequest(gzipSync(text), 'gzip');
  await requireBadRequest(Buffer.from(text).toString('base64'), 'base64');
});

test('[abuse 17] a body that is not UTF-8 is a bad request, wherever it is not', async () => {
  const sequences = 'ff fe 80 bf c0af c080 e2 e282 f09f98 eda080 edbfbf f4908080 f8888080'.split(' ');
  for (const hex of sequences) {
    const bytes = Buffer.from(hex, 'hex');
    const [username, password] = [newName(), server.newPassword()];
    const body = (inside: Buffer, displayName: Buffer) =>
      Buffer.concat([
        Buffer.from(`{"username":"${username}","password":"${password}`),
        inside,
        Buffer.from('","displayName":"x'),
        displayName,
        Buffer.from('"}'),
      ]);
    const none = Buffer.alloc(0);
    requireProblem(await server.postBytes('/register', body(bytes, none)), 400, 'bad_request', hex);
    requireProblem(await server.postBytes('/register', body(none, bytes)), 400, 'bad_request', hex);
    requireProblem(
      await server.postBytes('/register', Buffer.concat([body(none, none), bytes])),
      400,
      'bad_request',
      hex,
    );
    assert.deepEqual(await usersNamed(username), []);
  }
});

test('[abuse 17] a body with something after its end, or that is nearly JSON, is a bad request', async () => {
  const text = server.credentials();
  const open = text.slice(0, -1);
  const after = ['}', '{}', ',', ';', 'x', '\0', '//', text, '\u00a0', '\ufeff', '\u2028'].map(
    more => text + more,
  );
  const before = ['\0', ")]}',\n", '\u00a0', 'for(;;);', '/**/', '('].map(more => more + text);
  const almost = [
    `${open}`,
    `${open},}`,
    `${open},"x":NaN}`,
    `${open},"x":Infinity}`,
    `${open},"x":undefined}`,
    `${open},"x":01}`,
    `${open},"x":0x1}`,
    `${open},"x":+1}`,
    `${open},"x":.5}`,
    `${open},x:1}`,
    `${open},"x":'1'}`,
    `${open},"x":"\n"}`,
    `${open},"x":"\\x41"}`,
    `${open},"x":"\\u12"}`,
    `${open} /* */}`,
    text.replaceAll('"', "'"),
    '{',
    '"',
    '\\',
  ];
  for (const body of [...after, ...before, ...almost]) await requireBadRequest(body);
});

test('[abuse 17] a body nested 10,000 levels deep is a bad request', async () => {
  const levels = 10_000;
  const deepList = nested(levels, '[', ']');
  const deepObject = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const password = server.newPassword();
  for (const deep of [deepList, deepObject, '['.repeat(bodyBytes - 200), '{"a":'.repeat(levels)]) {
    await requireBadRequest(deep);
    await requireBadRequest(`{"username":${deep},"password":"${password}"}`);
    await requireBadRequest(`{"username":"${newName()}","password":${deep}}`);
  }
});

test('[abuse 17] what is nested 10,000 levels deep in a field that nobody asked for is ignored', async () => {
  const deep = nested(10_000, '[', ']');
  const response = await server.postBytes('/register', `${server.credentials().slice(0, -1)},"x":${deep}}`);
  assert.equal(response.status, 201);
});

test('[abuse 17] of a field that is given twice the last one counts, and the other is not looked at', async () => {
  const [first, last] = [newName(), newName()];
  const body = `{"username":"${first}","username":"${last}","password":"${server.newPassword()}"}`;
  assert.equal((await server.postBytes('/register', body)).status, 201);
  assert.deepEqual([(await usersNamed(first)).length, (await usersNamed(last)).length], [0, 1]);
});

test('[abuse 17] [PROTO-2] 10,000 fields that nobody asked for are ignored', async () => {
  const fields = Array.from({ length: 10_000 }, (_, at) => `"${at}":0`).join();
  const response = await server.postBytes('/register', `${server.credentials().slice(0, -1)},${fields}}`);
  assert.equal(response.status, 201);
});

test('[abuse 17] whitespace around the object is JSON', async () => {
  assert.equal((await server.postBytes('/register', `\r\n\t ${server.credentials()} \n`)).status, 201);
});

test('[abuse 17] stops in good order afterwards, and its log tells no password', async () => {
  await server.requireDiscreetLog();
});
