/**
 * Row 18 of abuse.md: operators and the keys of prototypes, where text is asked for and where nothing is. The server runs
 * in this process, so that its prototypes are ours to look at.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, test } from 'node:test';
import type { Grant } from '../src/contract/objects.ts';
import { attackedServer, json, newName } from './support/abuse.ts';
import { textFrame } from './support/abuse-wire.ts';

const server = attackedServer({}, 'this process');

const shared = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Error,
  Map,
  Set,
  Promise,
  RegExp,
  Date,
  Buffer,
];
const properties = () =>
  shared.flatMap(({ name, prototype }) =>
    Reflect.ownKeys(prototype).map(key => `${name}.prototype.${String(key)}`),
  );
const unharmed = properties();

afterEach(() => assert.deepEqual(properties(), unharmed));

const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
];

/** Each of them would give every object a property, if it were merged into one. */
const pollutions = [
  '"__proto__":{"polluted":1}',
  '"__proto__":{"__proto__":{"polluted":1}}',
  '"__proto__":null',
  '"__proto__":[]',
  '"__proto__.polluted":1',
  '"__proto__[polluted]":1',
  '"constructor":{"prototype":{"polluted":1}}',
  '"constructor.prototype.polluted":1',
  '"prototype":{"polluted":1}',
  '"toString":1,"valueOf":1,"toJSON":{"polluted":1},"then":{"polluted":1}',
  '"hasOwnProperty":false,"__defineGetter__":0,"length":-1',
];

const fields = (object: object) => JSON.stringify(object).slice(1, -1);

test('[abuse 18] an operator in place of a text is a bad request', async () => {
  const { user, password } = await server.register();
  const operators = [
    { $gt: '' },
    { $ne: null },
    { $regex: '.*' },
    { $where: 'true' },
    { $in: [user.username] },
    [{ $gt: '' }],
  ];
  const likeText: unknown[] = [
    { length: 8 },
    { toString: user.username },
    [user.username],
    [[user.username]],
    { 0: 'a', length: 1 },
  ];
  for (const value of [...operators, ...likeText, 1, true, null]) {
    for (const body of [
      { username: value, password },
      { username: user.username, password: value },
    ]) {
      for (const path of ['/login', '/register']) {
        const { status } = await server.post(path, body);
        assert.equal(status, 400, `${path}: ${JSON.stringify(body)}`);
      }
    }
    const { status } = await server.post('/register', { username: newName(), password, displayName: value });
    assert.equal(status, 400, `displayName: ${JSON.stringify(value)}`);
  }
});

test('[abuse 18] what the body of a registration says besides is ignored', async () => {
  for (const pollution of pollutions) {
    const username = newName();
    const asked = fields({ username, password: server.newPassword() });
    for (const [body, expected] of [
      [`{${asked},${pollution}}`, 201],
      [`{${pollution},${asked}}`, 409],
    ] as const) {
      assert.equal((await server.postBytes('/register', body)).status, expected, body);
    }
  }
});

test('[abuse 18] fields of the prototype that a body brings are no fields', async () => {
  const { user, password } = await server.register();
  const inherited = JSON.stringify({ username: user.username, password });
  for (const body of [
    `{"__proto__":${inherited}}`,
    `{"constructor":{"prototype":${inherited}}}`,
    `{"prototype":${inherited}}`,
  ]) {
    assert.equal((await server.postBytes('/login', body)).status, 400, body);
  }
});

test('[abuse 18] nobody gets an id, a time or a role by asking for it', async () => {
  const asked = {
    id: randomUUID(),
    createdAt: '1970-01-01T00:00:00.000Z',
    isAdmin: true,
    role: 'owner',
    sub: 'x',
    sid: 'x',
  };
  const username = newName();
  const { status, body } = await server.post<Grant>('/register', {
    username,
    password: server.newPassword(),
    ...asked,
  });
  assert.equal(status, 201);
  assert.deepEqual(Object.keys(body.user).sort(), ['createdAt', 'displayName', 'id', 'username']);
  assert.notEqual(body.user.id, asked.id);
  assert.notEqual(body.user.createdAt, asked.createdAt);
});

test('[abuse 18] a name from the prototype is nobody until someone takes it, if it is a name at all', async () => {
  for (const username of names) {
    const [expectedBefore, expected] = username.startsWith('_') ? [400, 400] : [401, 201];
    const password = server.newPassword();
    assert.equal((await server.post('/login', { username, password })).status, expectedBefore, username);
    assert.equal((await server.post('/register', { username, password })).status, expected, username);
  }
});

test('[abuse 18] [PROTO-2] what a query says besides is ignored', async () => {
  const person = await server.register();
  const room = `/rooms/${server.general}`;
  for (const name of names) {
    for (const query of [
      `${name}=1`,
      `${name}[polluted]=1`,
      `${name}.polluted=1`,
      `${name}`,
      `${encodeURIComponent(name)}=%00`,
    ]) {
      for (const path of ['/me', '/rooms', '/rooms/public', room, `${room}/messages`]) {
        assert.equal((await server.get(`${path}?${query}`, person)).status, 200, `${path}?${query}`);
      }
    }
  }
});

test('[abuse 18] a path of the prototype is no address, and no id', async () => {
  const person = await server.register();
  for (const name of names) {
    for (const path of [
      `/${name}`,
      `/${name}/${name}`,
      `/me/${name}`,
      `/rooms/public/${name}`,
      `/rooms/${server.general}/${name}`,
    ]) {
      assert.equal((await server.get(path, person)).status, 404, path);
    }
    for (const path of [
      `/rooms/${name}`,
      `/rooms/${name}/messages`,
      `/rooms/${encodeURIComponent(`${name}[x]`)}`,
    ]) {
      assert.equal((await server.get(path, person)).status, 400, path);
    }
  }
});

test('[abuse 18] headers of the prototype are ignored', async () => {
  const { token } = await server.register();
  const headers = [...names.map(name => `${name}: polluted`), `Authorization: Bearer ${token}`, json];
  const [response] = await server.exchange(server.head('GET', '/me', headers));
  assert.equal(response?.status, 200);
});

test('[abuse 18] no operation is found on the prototype', async () => {
  const socket = await server.connect(await server.register());
  for (const [at, op] of [...names, 'message.__proto__', 'account.constructor', ''].entries()) {
    const { error } = await socket.call(at, op);
    assert.equal(error?.code, 'bad_request', op);
  }
});

test('[abuse 18] a ref of the prototype comes back like any other', async () => {
  const socket = await server.connect(await server.register());
  for (const ref of names) {
    assert.ok((await socket.call(ref, 'ping')).output, ref);
  }
});

test('[abuse 18] [PROTO-2] what a frame says besides is ignored', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  for (const [at, pollution] of pollutions.entries()) {
    const request = fields({ ref: `me ${at}`, op: 'account.me' });
    socket.write(textFrame(`{${request},${pollution},"input":{${pollution}}}`));
    const { output } = await socket.answer(`me ${at}`);
    assert.deepEqual(output, { user: person.user }, pollution);
  }
});

test('[abuse 18] rooms of the prototype in a sync are refused or passed over', async () => {
  const socket = await server.connect(await server.register());
  for (const name of names) {
    socket.write(textFrame(`{"ref":"${name}","op":"sync","input":{"rooms":{"${name}":1}}}`));
    const { output, error } = await socket.answer(name);
    if (error) assert.equal(error.code, 'bad_request', name);
    else assert.deepEqual((output as { left: string[] }).left, [], name);
  }
});

test('[abuse 18] an id of the prototype is no id', async () => {
  const socket = await server.connect(await server.register());
  for (const name of names) {
    for (const input of [
      { room: name, id: randomUUID(), text: 'x' },
      { room: server.general, id: name, text: 'x' },
    ]) {
      assert.equal(
        (await socket.call(`${name} ${input.id}`, 'message.send', input)).error?.code,
        'bad_request',
        name,
      );
    }
  }
});
