/** Row 29 of abuse.md: frames that are no requests, and requests that ask for nothing we have. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Room } from '../src/contract/objects.ts';
import { attackedServer } from './support/abuse.ts';
import { frame, type RawSocket, requestFrame, textFrame } from './support/abuse-wire.ts';

// The contract's numbers, in figures: who changes one finds out here.
const malformedAMinute = 20;
const requestsInFlight = 64;
const roomNameLength = 80;

const server = attackedServer();

const open = async () => server.connect(await server.register());

/** Fewer than the limit of one connection, so that each can take them all. */
const unanswerable = {
  'no JSON': [
    ...['', ' ', 'x', '{', '}', '{"ref":1,"op":"ping"', '{"ref":1 "op":"ping"}', "{'ref':1,'op':'ping'}"],
    ...['{"ref":1,"op":"ping"}x', '{"ref":1,"op":"ping"}{"ref":2,"op":"ping"}', '{"ref":1,"op":"ping",}'],
    '\ufeff{"ref":1,"op":"ping"}',
    '{"ref":01,"op":"ping"}',
    '{"ref":NaN,"op":"ping"}',
    '\0',
    '{"ref":1,"op":"\0"}',
  ],
  'no object': '[] [{"ref":1,"op":"ping"}] 0 1 -1.5 null true false "" "ref" "ping"'.split(' '),
  'no ref': [
    ...['{}', '{"op":"ping"}', '{"op":"ping","input":{}}', '{"Ref":1,"op":"ping"}', '{"ref ":1,"op":"ping"}'],
    ...['{"__proto__":{"ref":1,"op":"ping"}}', '{"constructor":{"ref":1}}', '{"id":1,"op":"ping"}'],
  ],
  'a ref that is none': [
    ...'null true false 1.5 1e400 -1e400 [] [1] {} {"ref":1} 9007199254740993 1e300'.split(' '),
    ...[`"${'x'.repeat(65)}"`, `"${'😀'.repeat(65)}"`, `"${'x'.repeat(100_000)}"`, '["x"]', '{"length":1}'],
  ].map(ref => `{"ref":${ref},"op":"ping"}`),
};

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

for (const [what, texts] of Object.entries(unanswerable)) {
  test(`[abuse 29] ${what}: is not answered, and counts`, async () => {
    assert.ok(texts.length < malformedAMinute);
    const socket = await open();
    socket.write(...texts.map(textFrame));
    await socket.call('after all', 'ping');
    assert.deepEqual(refsOf(socket), ['after all']);
    socket.write(...Array(malformedAMinute - texts.length).fill(textFrame('x')));
    assert.equal(await socket.closed(), 4500);
  });
}

test('[abuse 29] [SOCK-10] the twentieth frame in a minute that can not be answered closes with 4500, and no one before', async () => {
  const socket = await open();
  socket.write(...Array(malformedAMinute - 1).fill(textFrame('{}')));
  assert.ok((await socket.call('nineteen', 'ping')).output);
  socket.write(textFrame('{}'));
  assert.equal(await socket.closed(), 4500);
});

test('[abuse 29] nothing that comes after the last frame is performed', async () => {
  const id = randomUUID();
  const socket = await open();
  const send = requestFrame('after', 'message.send', { room: server.general, id, text: 'too late' });
  socket.write(...Array(malformedAMinute).fill(textFrame('{}')), send);
  assert.equal(await socket.closed(), 4500);
  await server.requireUnharmed();
  assert.deepEqual(await server.query('select from messages where id = $1', [id]), []);
});

test('[abuse 29] whoever was closed with 4500 may connect again, and starts anew', async () => {
  const person = await server.register();
  for (let time = 0; time < 3; time += 1) {
    const socket = await server.connect(person);
    assert.ok((await socket.call(time, 'ping')).output);
    socket.write(...Array(malformedAMinute).fill(textFrame('[]')));
    assert.equal(await socket.closed(), 4500);
  }
});

test('[abuse 29] frames of others that can not be answered do not count against a connection', async () => {
  const person = await server.register();
  const [one, other] = [await server.connect(person), await server.connect(person)];
  one.write(...Array(malformedAMinute).fill(textFrame('{}')));
  assert.equal(await one.closed(), 4500);
  assert.ok((await other.call('mine', 'ping')).output);
});

test('[abuse 29] [SOCK-9] what is malformed and has a ref is answered with bad_request, however often', async () => {
  const socket = await open();
  const malformed = [
    '{"ref":0}',
    '{"ref":1,"op":null}',
    '{"ref":2,"op":1}',
    '{"ref":3,"op":["ping"]}',
    '{"ref":4,"op":{}}',
    '{"ref":5,"Op":"ping"}',
    `{"ref":6,"op":"${'x'.repeat(65)}"}`,
    '{"ref":7,"op":true}',
    '{"ref":8,"input":{}}',
    '{"ref":9,"op":{"toString":"ping"}}',
    `{"ref":10,"op":${deep(10_000)}}`,
    '{"ref":11,"op":"ping","op":1}',
  ];
  for (let round = 0; round < 5; round += 1) socket.write(...malformed.map(textFrame));
  await socket.call('after all', 'ping');
  const errors = socket.texts.filter(
    ({ error }) => error?.code === 'bad_request' && error.retryable === false,
  );
  assert.equal(errors.length, 5 * malformed.length);
});

test('[abuse 29] [SOCK-11] an operation that there is not, or not on a socket, is answered with bad_request', async () => {
  const socket = await open();
  const { user, password } = await server.register();
  const credentials = { username: user.username, password };
  const ops = [
    '',
    'x',
    'PING',
    'ping ',
    ' ping',
    'ping\0',
    'pìng',
    'message',
    'message.',
    '.send',
    'message.delete',
    '*',
  ];
  for (const [ref, op] of [
    ...ops,
    'account.register',
    'account.login',
    'account.refresh',
    'x'.repeat(64),
  ].entries()) {
    const { error, output } = await socket.call(ref, op, credentials);
    assert.equal(output, undefined, op);
    assert.equal(error?.code, 'bad_request', op);
  }
});

test('[abuse 29] an input that is no object is answered with bad_request', async () => {
  const socket = await open();
  for (const [ref, input] of [[], 'x', '', 1, 0, true, false, [{}], [['room']]].entries()) {
    for (const op of ['ping', 'sync', 'room.list', 'message.send', 'direct.open']) {
      const { error } = await socket.call(`${op} ${ref}`, op, input);
      assert.equal(error?.code, 'bad_request', `${op}: ${JSON.stringify(input)}`);
    }
  }
});

test('[abuse 29] [SOCK-7] a ref comes back as it was, whatever it is', async () => {
  const socket = await open();
  const refs = [
    0,
    1,
    -1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    '',
    ' ',
    '0',
    'x'.repeat(64),
    '😀'.repeat(32),
  ];
  for (const ref of [...refs, '\0', '"', '\\', '</script>', '\u2028', '\ud800', 'null', 'hello']) {
    assert.ok((await socket.call(ref, 'ping')).output, JSON.stringify(ref));
  }
});

test('[abuse 29] [SOCK-7] requests with the same ref are answered each', async () => {
  const socket = await open();
  socket.write(...Array(10).fill(requestFrame('same', 'ping')), requestFrame('same', 'no such operation'));
  await socket.call('after all', 'ping');
  const answers = socket.texts.filter(({ ref }) => ref === 'same');
  assert.deepEqual([answers.length, answers.filter(({ error }) => error).length], [11, 1]);
});

test('[abuse 29] [PROTO-2] 10,000 keys and 10,000 levels are ignored where nobody asked for them', async () => {
  const socket = await open();
  const keys = Array.from({ length: 10_000 }, (_, at) => `"${at}":0`).join();
  const frames = {
    'keys beside': `{${keys},"ref":"keys beside","op":"ping"}`,
    'keys in the input': `{"ref":"keys in the input","op":"ping","input":{${keys}}}`,
    'levels beside': `{"x":${deep(10_000)},"ref":"levels beside","op":"ping"}`,
    'levels in the input': `{"ref":"levels in the input","op":"ping","input":{"x":${deep(10_000)}}}`,
  };
  for (const [ref, text] of Object.entries(frames)) {
    socket.write(textFrame(text));
    assert.ok((await socket.answer(ref)).output, ref);
  }
});

test('[abuse 29] 10,000 keys and 10,000 levels are bad requests where something else was asked for', async () => {
  const socket = await open();
  const rooms = Object.fromEntries(Array.from({ length: 2_001 }, () => [randomUUID(), 0]));
  assert.equal((await socket.call('many rooms', 'sync', { rooms })).error?.code, 'bad_request');
  const notRooms = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [at, 0]));
  assert.equal((await socket.call('no rooms', 'sync', { rooms: notRooms })).error?.code, 'bad_request');
  for (const [op, field] of [
    ['sync', 'rooms'],
    ['message.send', 'room'],
    ['message.send', 'text'],
  ] as const) {
    const ref = `${op} ${field}`;
    socket.write(textFrame(`{"ref":"${ref}","op":"${op}","input":{"${field}":${deep(10_000)}}}`));
    assert.equal((await socket.answer(ref)).error?.code, 'bad_request', ref);
  }
});

test('[abuse 29] versions and counts that are none are bad requests', async () => {
  const socket = await open();
  const { general: room } = server;
  const strange = ['-1', '1.5', '1e400', '9007199254740993', '"1"', 'null', '[1]', '{}', 'true', '"NaN"'];
  for (const value of strange) {
    const inputs = {
      sync: `{"rooms":{"${room}":${value}}}`,
      'room.changes': `{"room":"${room}","after":${value}}`,
      'message.history': `{"room":"${room}","limit":${value}}`,
      'room.join': `{"room":"${room}","history":${value}}`,
    };
    for (const [op, input] of Object.entries(inputs)) {
      const ref = `${op} ${value.slice(0, 20)}`.replaceAll('"', "'");
      socket.write(textFrame(`{"ref":"${ref}","op":"${op}","input":${input}}`));
      assert.equal((await socket.answer(ref)).error?.code, 'bad_request', ref);
    }
  }
});

test('[abuse 29] NUL, which PostgreSQL has no place for, is a bad request wherever a text is asked for', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  for (const text of ['\0', 'a\0b']) {
    const inputs = {
      'room.create': { name: text },
      'direct.open': { username: text },
      'room.browse': { query: text },
      'room.members': { room: server.general, cursor: text },
    };
    for (const [op, input] of Object.entries(inputs)) {
      const { error } = await socket.call(`${op} ${text}`, op, input);
      assert.equal(error?.code, 'bad_request', op);
    }
    const { error } = await socket.call(`cursor ${text}`, 'room.browse', { cursor: text });
    assert.equal(error?.code, 'bad_request');
  }
  for (const query of ['query=%00', 'cursor=%00', 'query=a%00b']) {
    assert.equal((await server.get(`/rooms/public?${query}`, person)).status, 400, query);
  }
});

test('[abuse 29] a search that is made of wildcards, quotes or half a character finds what it says', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  for (const query of ['%', '_', '\\', "'", '"', ';--', '.*', '\ud800', '\udc00', '(?i)general', '$1']) {
    const { output, error } = await socket.call(`search ${query}`, 'room.browse', { query });
    if (error) assert.equal(error.code, 'bad_request', query);
    else assert.deepEqual((output as { rooms: unknown[] }).rooms, [], query);
  }
});

test('[abuse 29] a public room whose name grows when it is normalised does not stop anyone from paging', async () => {
  const person = await server.register();
  // One character that NFKC makes eighteen of.
  const named = ['a', 'b', 'c'].map(end => '\ufdfa'.repeat(roomNameLength - 1) + end);
  for (const name of named) assert.equal((await server.post('/rooms', { name }, person)).status, 201);
  const seen: (string | null)[] = [];
  let cursor: string | undefined = '';
  while (cursor !== undefined) {
    const query: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const page = await server.get<{ rooms: Room[]; cursor?: string }>(
      `/rooms/public?limit=1${query}`,
      person,
    );
    assert.equal(page.status, 200, JSON.stringify(page.body));
    seen.push(...page.body.rooms.map(({ name }) => name));
    cursor = page.body.cursor;
  }
  assert.deepEqual(
    seen.filter(name => name?.startsWith('\ufdfa')),
    named,
  );
});

test('[abuse 29] a sync while another is under way harms neither', async () => {
  const socket = await open();
  socket.write(...[1, 2, 3].map(ref => requestFrame(ref, 'sync')));
  const answers = await Promise.all([1, 2, 3].map(ref => socket.answer(ref)));
  assert.ok(answers.some(({ output }) => output));
  for (const { error } of answers) assert.ok(error === undefined || error.code === 'bad_request');
});

test('[abuse 29] [SOCK-16] more requests at once than are in flight at a time are answered all', async () => {
  const socket = await open();
  const count = 4 * requestsInFlight;
  socket.write(
    ...Array.from({ length: count }, (_, ref) =>
      requestFrame(ref, ref % 2 ? 'room.list' : 'no such operation'),
    ),
  );
  await Promise.all(Array.from({ length: count }, (_, ref) => socket.answer(ref)));
  assert.equal(refsOf(socket).length, count);
});

test('[abuse 29] a request in fragments between others is one request', async () => {
  const socket = await open();
  const text = JSON.stringify({ ref: 'whole', op: 'ping' });
  const parts = [...text].map((character, at) =>
    frame({ opcode: at === 0 ? 1 : 0, payload: character, fin: at === text.length - 1 }),
  );
  socket.write(requestFrame('before', 'ping'), ...parts, requestFrame('behind', 'ping'));
  await Promise.all(['before', 'whole', 'behind'].map(ref => socket.answer(ref)));
  assert.equal(refsOf(socket).length, 3);
});

test('[abuse 29] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});

/** Of everything that was answered. */
function refsOf(socket: RawSocket): unknown[] {
  return socket.texts.filter(text => text.event === undefined).map(({ ref }) => ref);
}
