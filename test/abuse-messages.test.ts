/** Rows 30–32 of abuse.md: texts, message ids, and what a sender has no say in. Both doors answer each alike. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Message, Room } from '../src/contract/objects.ts';
import { attackedServer, type Person } from './support/abuse.ts';
import { type RawSocket, textFrame } from './support/abuse-wire.ts';

const textBytes = 16 * 1024;

const server = attackedServer();

/** What a door answers to a message: the message, or the code of an error. */
type Said = { message?: Message; code?: string };
type Door = (body: object | string, room?: string) => Promise<Said>;

/** Sends what it is given, an object or its JSON, as this person by HTTP. */
function overHttp({ token }: Person): Door {
  return async (body, room = server.general) => {
    const json = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = ['Content-Type: application/json', `Authorization: Bearer ${token}`];
    const response = await server.postBytes(`/rooms/${room}/messages`, json, headers);
    return remembered(room, JSON.parse(response.body));
  };
}

/** The same on a socket. */
function onSocket(socket: RawSocket): Door {
  return async (body, room = server.general) => {
    const json = typeof body === 'string' ? body : JSON.stringify(body);
    const ref = randomUUID();
    const input = `${json.slice(0, -1)}${json === '{}' ? '' : ','}"room":"${room}"}`;
    socket.write(textFrame(`{"ref":"${ref}","op":"message.send","input":${input}}`));
    const { output, error } = await socket.answer(ref);
    return remembered(room, { ...(output as { message: Message }), ...(error && { code: error.code }) });
  };
}

function remembered(room: string, said: Said): Said {
  if (said.message) server.acknowledged(room, said.message);
  return said;
}

/** Someone new, at both doors. */
async function sender(): Promise<{ person: Person; doors: Record<string, Door> }> {
  const person = await server.register();
  const socket = await server.connect(person);
  return { person, doors: { 'over HTTP': overHttp(person), 'on a socket': onSocket(socket) } };
}

const messagesWith = (id: string) =>
  server.query<{ text: string; seq: string }>('select text, seq from messages where id = $1', [
    id.toLowerCase(),
  ]);

/** Both doors answer this with this code, and nothing is stored. */
async function requireRefused(
  code: string,
  bodies: Record<string, (id: string) => object | string>,
): Promise<void> {
  const { doors } = await sender();
  for (const [door, send] of Object.entries(doors)) {
    for (const [what, body] of Object.entries(bodies)) {
      const id = randomUUID();
      assert.deepEqual((await send(body(id))).code, code, `${door}: ${what}`);
      assert.deepEqual(await messagesWith(id), [], `${door}: ${what}`);
    }
  }
}

/** Both doors take this text; it is acknowledged, delivered and read as it is. */
async function requireDelivered(texts: Record<string, string>): Promise<void> {
  const { person, doors } = await sender();
  for (const [door, send] of Object.entries(doors)) {
    for (const [what, value] of Object.entries(texts)) {
      const id = randomUUID();
      const { message, code } = await send({ id, text: value });
      assert.equal(message?.text, value, `${door}: ${what}: ${code}`);
      const { bystander } = server;
      const delivered = () =>
        bystander.changes(server.general).find(({ version }) => version >= message.version);
      await bystander.until(() => delivered() !== undefined, what);
      const got = delivered()?.messages?.find(({ seq }) => seq === message.seq);
      assert.deepEqual(got, message, `${door}: ${what}`);
      const path = `/rooms/${server.general}/messages?after=${message.seq - 1}&limit=1`;
      assert.deepEqual((await server.get(path, person)).body, { messages: [message], more: false }, what);
    }
  }
}

const ofBytes = (character: string) => {
  const size = Buffer.byteLength(character);
  const count = Math.floor(textBytes / size);
  return character.repeat(count) + 'x'.repeat(textBytes - count * size);
};

test('[abuse 30] [SEND-6] a text of exactly 16 KiB is taken, in characters of one to four bytes', async () => {
  const texts = Object.fromEntries(
    ['a', 'é', '€', '😀', '\n'].map(character => [character, ofBytes(character)]),
  );
  for (const value of Object.values(texts)) assert.equal(Buffer.byteLength(value), textBytes);
  await requireDelivered(texts);
});

test('[abuse 30] [SEND-6] a text of a byte more than 16 KiB is too large, in characters of one to four bytes', async () => {
  const bodies = ['a', 'é', '€', '😀'].flatMap(character => [
    [`${character} and one byte`, (id: string) => ({ id, text: `${ofBytes(character)}x` })],
    [`one byte and ${character}`, (id: string) => ({ id, text: `x${ofBytes(character)}` })],
  ]);
  await requireRefused('too_large', {
    ...Object.fromEntries(bodies),
    'as characters few enough': id => ({ id, text: '😀'.repeat(textBytes / 2) }),
    'as escapes': id => `{"id":"${id}","text":"${'\\u00e9'.repeat(textBytes / 2 + 1)}"}`,
    'far too large': id => ({ id, text: 'x'.repeat(100_000) }),
  });
});

test('[abuse 30] a text that is empty, missing or no text is a bad request', async () => {
  await requireRefused('bad_request', {
    empty: id => ({ id, text: '' }),
    missing: id => ({ id }),
    'under another name': id => ({ id, Text: 'x', body: 'x', message: 'x' }),
    'on the prototype': id => `{"id":"${id}","__proto__":{"text":"x"}}`,
    null: id => ({ id, text: null }),
    number: id => ({ id, text: 1 }),
    boolean: id => ({ id, text: true }),
    list: id => ({ id, text: ['x'] }),
    object: id => ({ id, text: { length: 1, toString: 'x' } }),
  });
});

test('[abuse 30] [SEND-6] a text with a lone surrogate is a bad request, wherever it is', async () => {
  const surrogates = [
    '\\ud800',
    '\\udbff',
    '\\udc00',
    '\\udfff',
    '\\ud83d\\ud83d',
    '\\ude00\\ud83d',
    '\\uD800\\u0041',
  ];
  const bodies = surrogates.flatMap(lone =>
    [lone, `${lone}x`, `x${lone}`, `x${lone}x`, `😀${lone}`].map(value => [
      value,
      (id: string) => `{"id":"${id}","text":"${value}"}`,
    ]),
  );
  await requireRefused('bad_request', Object.fromEntries(bodies));
});

test('[abuse 30] [SEND-6] a text with NUL is a bad request, wherever it is', async () => {
  const bodies = ['\\u0000', 'x\\u0000', '\\u0000x', 'x\\u0000x', '\\u0000'.repeat(10)].map(value => [
    value,
    (id: string) => `{"id":"${id}","text":"${value}"}`,
  ]);
  await requireRefused('bad_request', Object.fromEntries(bodies));
});

test('[abuse 30] [SEND-7] whatever else a text may be, it is taken as it is', async () => {
  await requireDelivered({
    'one byte': 'x',
    'one space': ' ',
    'white space all around': ' \t\r\n x \u00a0\u2003 ',
    'every control character': [...Array(0xa0).keys()]
      .map(code => String.fromCodePoint(code))
      .join('')
      .slice(1),
    'not normalised': 'e\u0301 \u212b \ufb03 \u1e9b\u0323',
    'a byte order mark': '\ufefftext\ufeff',
    'turned round': '\u202egnp.exe\u202c \u2066x\u2069',
    'zero width': 'a\u200bb\u200dc\u2060',
    'no characters': '\ufffe\uffff\u{1fffe}\u{10ffff}\ufffd',
    'of private use': '\ue000\u{f0000}',
    'a pair of surrogates, escaped or not': '😀\ud83d\ude00',
    'accents on accents': `a${'\u0300'.repeat(500)}`,
    'line separators': '\u2028\u2029\u0085\v\f',
    'what looks like markup': '<script>alert(1)</script><img src=x onerror=alert(1)> ]]> --> </textarea>',
    'what looks like SQL': "'; drop table messages; -- $1 $$ \\",
    'what looks like JSON': '"}]} {"ref":1,"error":{"code":"internal"}} \\u0000 \\ud800',
    'what looks like a format': '%s %n %00 {{x}} \\x00 \u001b[31m',
  });
});

test('[abuse 31] an id that is missing or no UUID is a bad request', async () => {
  const v7 = '01890a5d-ac96-774b-bcce-b302099a8057';
  const wrong = [
    '',
    ' ',
    'x',
    '1',
    'null',
    'undefined',
    '__proto__',
    `{${v7}}`,
    `(${v7})`,
    `urn:uuid:${v7}`,
    `"${v7}"`,
    v7.replaceAll('-', ''),
    v7.replaceAll('-', '_'),
    ` ${v7}`,
    `${v7} `,
    `${v7}\n`,
    `${v7}\0`,
    `${v7}x`,
    `x${v7}`,
    ...[v7.slice(1), v7.slice(0, -1), v7.replace('0', 'g'), v7.replace('0', '０'), v7.replace('-', '\u2010')],
    // Of a version and a variant that there are not.
    ...['01890a5d-ac96-974b-bcce-b302099a8057', '01890a5d-ac96-774b-ccce-b302099a8057'],
    `${v7},${v7}`,
    v7.repeat(2),
    v7.repeat(1_000),
    "' or '1'='1",
    '../../etc/passwd',
    '00000000-0000-0000-0000',
    ...[null, 1, 0, true, [], [v7], { id: v7 }, 2 ** 53],
  ];
  const bodies = wrong.map(id => [JSON.stringify(id).slice(0, 80), () => ({ id, text: 'x' })]);
  await requireRefused('bad_request', { ...Object.fromEntries(bodies), missing: () => ({ text: 'x' }) });
});

test('[abuse 31] [SEND-1] the same id with the same text is answered with the first result, by either door', async () => {
  const { doors } = await sender();
  const id = randomUUID();
  const first = await doors['over HTTP']?.({ id, text: 'once' });
  assert.ok(first?.message);
  for (const send of Object.values(doors)) {
    for (const spelling of [id, id.toUpperCase(), id.replace(/[a-f]/, letter => letter.toUpperCase())]) {
      assert.deepEqual(await send({ id: spelling, text: 'once' }), first);
    }
  }
  assert.equal((await messagesWith(id)).length, 1);
});

test('[abuse 31] [SEND-2] the same id with another text is a conflict, and the first text stays', async () => {
  const { doors } = await sender();
  const id = randomUUID();
  await doors['over HTTP']?.({ id, text: 'first' });
  const others = ['First', 'first ', ' first', 'firs', 'first\n', 'x'.repeat(textBytes), 'fïrst', 'ﬁrst'];
  for (const [door, send] of Object.entries(doors)) {
    for (const other of others) {
      for (const spelling of [id, id.toUpperCase()]) {
        assert.equal(
          (await send({ id: spelling, text: other })).code,
          'id_conflict',
          `${door}: ${other.slice(0, 20)}`,
        );
      }
    }
  }
  assert.deepEqual(
    (await messagesWith(id)).map(row => row.text),
    ['first'],
  );
});

test('[abuse 31] one message sent fifty times at once is stored once', async () => {
  const { doors } = await sender();
  const id = randomUUID();
  const sends = Array.from({ length: 25 }, () => Object.values(doors)).flat();
  const answers = await Promise.all(sends.map(send => send({ id, text: 'once' })));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.ok(answers[0]?.message);
  assert.equal((await messagesWith(id)).length, 1);
});

test('[abuse 31] of fifty texts under one id at once one is stored, and the others are told', async () => {
  const { doors } = await sender();
  const id = randomUUID();
  const sends = Array.from({ length: 25 }, () => Object.values(doors)).flat();
  const answers = await Promise.all(sends.map((send, at) => send({ id, text: `text ${at}` })));
  const stored = answers.filter(({ message }) => message);
  assert.equal(stored.length, 1);
  assert.equal(answers.filter(({ code }) => code === 'id_conflict').length, sends.length - 1);
  assert.deepEqual(
    (await messagesWith(id)).map(row => row.text),
    stored.map(({ message }) => message?.text),
  );
});

test('[abuse 31] [SEND-3] an id is the sender’s and the room’s: elsewhere it is another message', async () => {
  const [one, other] = [await sender(), await sender()];
  const { body } = await server.post<{ room: Room }>(
    '/rooms',
    { name: `own room ${randomUUID()}` },
    one.person,
  );
  const id = randomUUID();
  const sent: Said[] = [];
  for (const [at, { doors }] of [one, other].entries()) {
    for (const send of Object.values(doors)) sent.push(await send({ id, text: `by ${at}` }));
  }
  for (const send of Object.values(one.doors)) sent.push(await send({ id, text: 'elsewhere' }, body.room.id));
  assert.deepEqual(
    sent.map(({ message }) => message?.text),
    ['by 0', 'by 0', 'by 1', 'by 1', 'elsewhere', 'elsewhere'],
  );
  const rows = await messagesWith(id);
  assert.deepEqual(rows.map(row => row.text).sort(), ['by 0', 'by 1', 'elsewhere']);
});

test('[abuse 31] an id of anything else may be a message’s', async () => {
  const { person, doors } = await sender();
  const ids = [
    person.user.id,
    server.general,
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ];
  for (const id of ids) {
    const { message } = (await doors['on a socket']?.({ id, text: 'mine' })) ?? {};
    assert.equal(message?.id, id);
  }
});

test('[abuse 31] [SEND-4] who left can still ask what became of a message, and can not send another', async () => {
  const { person, doors } = await sender();
  const { body } = await server.post<{ room: Room }>('/rooms', { name: `left ${randomUUID()}` }, person);
  const room = body.room.id;
  const id = randomUUID();
  const first = await doors['over HTTP']?.({ id, text: 'before' }, room);
  assert.ok(first?.message);
  assert.equal((await server.request('POST', `/rooms/${room}/leave`, { token: person.token })).status, 204);
  for (const send of Object.values(doors)) {
    assert.deepEqual(await send({ id, text: 'before' }, room), first);
    assert.equal((await send({ id, text: 'after' }, room)).code, 'id_conflict');
    assert.equal((await send({ id: randomUUID(), text: 'after' }, room)).code, 'forbidden');
  }
});

test('[abuse 32] what the sender says about seq, sender, time and version is ignored', async () => {
  const [{ person, doors }, victim] = [await sender(), await server.register()];
  const { id: victimId, username, displayName } = victim.user;
  const claims = {
    seq: 1,
    version: 1,
    at: '1970-01-01T00:00:00.000Z',
    editedAt: '1970-01-01T00:00:00.000Z',
    deletedAt: '1970-01-01T00:00:00.000Z',
    sender: { id: victimId, username, displayName },
    sender_id: victimId,
    senderId: victimId,
    user: victimId,
    userId: victimId,
    digest: 'x',
    outcome: 'stored',
  };
  for (const [door, send] of Object.entries(doors)) {
    const { message, code } = await send({ ...claims, id: randomUUID(), text: 'mine' });
    assert.ok(message, `${door}: ${code}`);
    assert.deepEqual(Object.keys(message).sort(), ['at', 'id', 'sender', 'seq', 'text', 'version']);
    const { createdAt: _, ...me } = person.user;
    assert.deepEqual(message.sender, me);
    assert.ok(message.seq > 1 && message.version > 1 && message.at > person.user.createdAt);
  }
});

test('[abuse 32] [HTTP-1] the room of a message is the one in the path, whatever body and query say', async () => {
  const [{ person }, other] = [await sender(), await server.register()];
  const { body } = await server.post<{ room: Room }>(
    '/rooms',
    { name: `theirs ${randomUUID()}`, kind: 'private' },
    other,
  );
  const id = randomUUID();
  const path = `/rooms/${server.general}/messages?room=${body.room.id}&id=${randomUUID()}&text=other`;
  const sent = await server.post<{ message: Message }>(
    path,
    { room: body.room.id, id, text: 'here' },
    person,
  );
  assert.equal(sent.status, 201);
  server.acknowledged(server.general, sent.body.message);
  const rows = await server.query<{ room_id: string }>('select room_id from messages where id = $1', [id]);
  assert.deepEqual(rows, [{ room_id: server.general }]);
});

test('[abuse 32] nobody chooses a room’s versions, members or role, takes another one’s id, or makes it a direct one', async () => {
  const { person } = await sender();
  const claims = {
    role: 'member',
    memberCount: 99,
    lastSeq: 99,
    version: 99,
    members: [],
    owner: 'x',
  };
  const made = await server.post<{ room: Room }>(
    '/rooms',
    { name: `claimed ${randomUUID()}`, ...claims },
    person,
  );
  assert.equal(made.status, 201);
  const { role, memberCount, lastSeq, version } = made.body.room;
  assert.deepEqual(
    { role, memberCount, lastSeq, version },
    { role: 'owner', memberCount: 1, lastSeq: 0, version: 1 },
  );
  const theirs = { id: server.general, name: `claimed ${randomUUID()}` };
  assert.equal((await server.post('/rooms', theirs, person)).status, 409);
  for (const kind of ['direct', 'Public', 'secret', '', null, 1, ['public']]) {
    const { status } = await server.post('/rooms', { name: `kind ${randomUUID()}`, kind }, person);
    assert.equal(status, 400, String(kind));
  }
});

test('[abuse 30–32] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
