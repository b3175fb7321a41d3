/** Rows 23–26 of abuse.md: WebSocket frames that break RFC 6455 or our limits, and those beside them that don't. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Message } from '../src/contract/objects.ts';
import { attackedServer } from './support/abuse.ts';
import { closePayload, type Frame, frame, opcodes, requestFrame, textFrame } from './support/abuse-wire.ts';

const textBytes = 16 * 1024;
const frameBytes = 128 * 1024;

const server = attackedServer();

const open = async () => server.connect(await server.register());

/** Each of these packets closes a connection of its own with this code. */
async function requireClosed(
  code: number | readonly number[],
  packets: Record<string, readonly Buffer[]>,
): Promise<void> {
  const person = await server.register();
  for (const [what, packet] of Object.entries(packets)) {
    const socket = await server.connect(person);
    socket.write(...packet);
    const closed = await socket.closed();
    assert.ok([code].flat().includes(closed), `${what}: ${closed}`);
  }
}

const ping = requestFrame('ping', 'ping');
const sendFrame = (ref: string, id: string, text: string) =>
  requestFrame(ref, 'message.send', { room: server.general, id, text });
const binary = (payload: Buffer | string = '', more: Frame = {}) =>
  frame({ opcode: opcodes.binary, payload, ...more });
const control = (opcode: number, payload: Buffer | string = '', more: Frame = {}) =>
  frame({ opcode, payload, ...more });

function acknowledged(output: unknown): void {
  if (output !== undefined) server.acknowledged(server.general, (output as { message: Message }).message);
}

test('[abuse 23] [SOCK-12] a binary frame closes with 1003, whatever is in it', async () => {
  await requireClosed(1003, {
    empty: [binary()],
    'a request': [binary(JSON.stringify({ ref: 1, op: 'ping' }))],
    'no UTF-8': [binary(Buffer.from('fffe00', 'hex'))],
    'of the limit': [binary(Buffer.alloc(frameBytes))],
    'in fragments': [binary('{"ref":1,', { fin: false }), frame({ opcode: 0, payload: '"op":"ping"}' })],
    'after a text': [ping, binary()],
  });
});

test('[abuse 23] nothing that comes after a binary frame is performed', async () => {
  const id = randomUUID();
  const socket = await open();
  socket.write(binary(), sendFrame('after', id, 'too late'));
  assert.equal(await socket.closed(), 1003);
  await server.requireUnharmed();
  assert.deepEqual(await server.query('select from messages where id = $1', [id]), []);
});

test('[abuse 23] what was acknowledged before a bad frame in the same packet is stored, and delivered', async () => {
  const person = await server.register();
  const bad = [
    binary(),
    frame({ payload: Buffer.from([0xff]) }),
    frame({ masked: false }),
    frame({ declaredLength: 2n ** 62n }),
  ];
  for (const [at, badFrame] of bad.entries()) {
    const socket = await server.connect(person);
    const [early, risky] = [randomUUID(), randomUUID()];
    const { output } = await socket.call('early', 'message.send', {
      room: server.general,
      id: early,
      text: `early ${at}`,
    });
    acknowledged(output);
    socket.write(sendFrame('risky', risky, `risky ${at}`), badFrame);
    await socket.closed();
    acknowledged(socket.texts.find(({ ref }) => ref === 'risky')?.output);
    // Whether it was acknowledged or not, sending it again gets it stored, once.
    assert.equal((await server.send(server.general, `risky ${at}`, person, risky)).status, 201);
    const stored = await server.query<{ id: string }>('select id from messages where id = any ($1)', [
      [early, risky],
    ]);
    assert.deepEqual(stored.map(({ id }) => id).sort(), [early, risky].sort());
  }
});

test('[abuse 24] [SOCK-13] text that is not UTF-8 closes with 1007', async () => {
  const sequences = {
    'a lone continuation': '80',
    'an overlong slash': 'c0af',
    'an overlong NUL': 'c080',
    'an overlong of three bytes': 'e080af',
    'a high surrogate': 'eda080',
    'a low surrogate': 'edbfbf',
    'a pair of surrogates': 'eda0bdedb880',
    'beyond Unicode': 'f4908080',
    'five bytes': 'f888808080',
    'no UTF-8 byte': 'ff',
    'UTF-16': 'fffe7b00',
    'an end too early': 'e282',
    'a character cut by ASCII': 'e28241',
  };
  const packets = Object.entries(sequences).flatMap(([what, hex]) => {
    const bytes = Buffer.from(hex, 'hex');
    const inside = Buffer.concat([Buffer.from('{"ref":"'), bytes, Buffer.from('","op":"ping"}')]);
    return [
      [what, [frame({ payload: bytes })]],
      [`${what}, in a request`, [frame({ payload: inside })]],
    ];
  });
  await requireClosed(1007, Object.fromEntries(packets));
});

test('[abuse 24] text that is not UTF-8 in one of its fragments closes with 1007', async () => {
  const first = (payload: Buffer | string) => frame({ payload, fin: false });
  const last = (payload: Buffer | string) => frame({ opcode: 0, payload });
  const between = (payload: Buffer | string) => frame({ opcode: 0, payload, fin: false });
  const bad = Buffer.from('eda080', 'hex');
  await requireClosed(1007, {
    first: [first(bad), last('x')],
    last: [first('x'), last(bad)],
    between: [first('x'), between(bad), last('x')],
    'split over two': [first(bad.subarray(0, 1)), last(bad.subarray(1))],
    'split over four': [
      first(''),
      between(bad.subarray(0, 1)),
      between(bad.subarray(1, 2)),
      last(bad.subarray(2)),
    ],
    'split by a ping': [first(bad.subarray(0, 2)), control(opcodes.ping), last(bad.subarray(2))],
    'a character that never ends': [first(Buffer.from('f09f98', 'hex')), last('')],
    'overlong, split': [first(Buffer.from('c0', 'hex')), last(Buffer.from('af', 'hex'))],
  });
});

test('[abuse 24] a close whose reason is not UTF-8 closes with 1007', async () => {
  await requireClosed(1007, {
    close: [control(opcodes.close, closePayload(1000, Buffer.from('c0af', 'hex')))],
  });
});

test('[abuse 24] a character may be split over fragments', async () => {
  const socket = await open();
  const bytes = Buffer.from(JSON.stringify({ ref: '😀€é', op: 'ping' }));
  const parts = [...bytes].map((byte, at) =>
    frame({
      opcode: at === 0 ? opcodes.text : 0,
      payload: Buffer.from([byte]),
      fin: at === bytes.length - 1,
    }),
  );
  socket.write(...parts);
  assert.ok((await socket.answer('😀€é')).output);
});

test('[abuse 25] [SOCK-14] a reserved bit closes with 1002, on any frame', async () => {
  const packets = [0x40, 0x20, 0x10, 0x70].flatMap(rsv => [
    [`text ${rsv}`, [frame({ rsv, payload: '{"ref":1,"op":"ping"}' })]],
    [`empty ${rsv}`, [frame({ rsv })]],
    [`continuation ${rsv}`, [frame({ fin: false, payload: '{' }), frame({ opcode: 0, rsv, payload: '}' })]],
    ...[opcodes.binary, opcodes.ping, opcodes.pong, opcodes.close].map(opcode => [
      `opcode ${opcode} ${rsv}`,
      [control(opcode, '', { rsv })],
    ]),
  ]);
  await requireClosed(1002, Object.fromEntries(packets));
});

test('[abuse 25] a reserved opcode closes with 1002, final or not', async () => {
  const packets = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap(opcode => [
    [`${opcode}`, [control(opcode)]],
    [`${opcode}, not final`, [control(opcode, 'x', { fin: false })]],
    [`${opcode}, within a message`, [frame({ fin: false }), control(opcode)]],
  ]);
  await requireClosed(1002, Object.fromEntries(packets));
});

test('[abuse 25] [SOCK-14] a frame without a mask closes with 1002, whatever it is', async () => {
  const unmasked: Record<string, readonly Buffer[]> = {
    text: [frame({ masked: false, payload: '{"ref":1,"op":"ping"}' })],
    empty: [frame({ masked: false })],
    long: [frame({ masked: false, payload: 'x'.repeat(200) })],
    'a second one': [ping, frame({ masked: false })],
    'HTTP once more': [Buffer.from('GET /me HTTP/1.1\r\nHost: x\r\n\r\n')],
  };
  for (const [name, opcode] of Object.entries(opcodes)) unmasked[name] ??= [frame({ opcode, masked: false })];
  await requireClosed(1002, unmasked);
});

test('[abuse 25] a control frame in fragments closes with 1002', async () => {
  const packets = [opcodes.ping, opcodes.pong, opcodes.close].flatMap(opcode => [
    [`${opcode}`, [control(opcode, '', { fin: false })]],
    [`${opcode} and its rest`, [control(opcode, 'a', { fin: false }), frame({ opcode: 0, payload: 'b' })]],
    [`${opcode} within a message`, [frame({ fin: false }), control(opcode, '', { fin: false })]],
  ]);
  await requireClosed(1002, Object.fromEntries(packets));
});

test('[abuse 25] a control frame of more than 125 bytes closes with 1002', async () => {
  const packets = [opcodes.ping, opcodes.pong, opcodes.close].flatMap(opcode => [
    [`${opcode}, 126`, [control(opcode, Buffer.alloc(126, 3))]],
    [`${opcode}, 70,000`, [control(opcode, Buffer.alloc(70_000, 3))]],
    [`${opcode}, declared`, [control(opcode, '', { declaredLength: 2n ** 40n })]],
  ]);
  await requireClosed(1002, Object.fromEntries(packets));
});

test('[abuse 25] a continuation of nothing, or a message within a message, closes with 1002', async () => {
  await requireClosed(1002, {
    'a continuation first': [frame({ opcode: 0, payload: '{"ref":1,"op":"ping"}' })],
    'a continuation first, not final': [frame({ opcode: 0, fin: false })],
    'a continuation after the end': [
      frame({ fin: false, payload: '{' }),
      frame({ opcode: 0, payload: '}' }),
      frame({ opcode: 0 }),
    ],
    'a text within a text': [frame({ fin: false, payload: '{' }), textFrame('{}')],
    'a binary within a text': [frame({ fin: false }), binary()],
    'a text within a binary': [binary('', { fin: false }), textFrame('{}')],
  });
});

test('[abuse 25] a close with a code that must not be sent, or half a code, closes with 1002', async () => {
  const codes = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
  const packets = codes.map(code => [`${code}`, [control(opcodes.close, closePayload(code))]]);
  await requireClosed(1002, {
    ...Object.fromEntries(packets),
    half: [control(opcodes.close, Buffer.from([3]))],
  });
});

test('[abuse 25] a close is answered with its code, an empty one without', async () => {
  for (const code of [1000, 1001, 1003, 1011, 3000, 4000, 4500, 4999]) {
    await requireClosed(code, { [`${code}`]: [control(opcodes.close, closePayload(code, 'bye'))] });
  }
  await requireClosed(1005, { empty: [control(opcodes.close)] });
});

test('[abuse 25] nothing that comes after a close is performed', async () => {
  const id = randomUUID();
  const socket = await open();
  socket.write(control(opcodes.close, closePayload(1000)), sendFrame('after', id, 'too late'));
  assert.equal(await socket.closed(), 1000);
  await server.requireUnharmed();
  assert.deepEqual(await server.query('select from messages where id = $1', [id]), []);
});

test('[abuse 25] control frames may come between the fragments of a message', async () => {
  const socket = await open();
  const [head, tail] = ['{"ref":"in parts",', '"op":"ping"}'];
  const between = [
    control(opcodes.ping, 'a'),
    control(opcodes.pong, 'unasked'),
    frame({ opcode: 0, fin: false }),
  ];
  socket.write(
    frame({ payload: head, fin: false }),
    ...between,
    ...between,
    frame({ opcode: 0, payload: tail }),
  );
  assert.ok((await socket.answer('in parts')).output);
  const pongs = socket.frames.filter(({ opcode }) => opcode === opcodes.pong);
  assert.deepEqual(
    pongs.map(({ payload }) => payload.toString()),
    ['a', 'a'],
  );
});

test('[abuse 25] a ping of 125 bytes comes back as it is', async () => {
  const socket = await open();
  const payload = Buffer.from(Array.from({ length: 125 }, (_, at) => at * 2));
  socket.write(control(opcodes.ping, payload));
  const pong = () => socket.frames.find(({ opcode }) => opcode === opcodes.pong);
  assert.deepEqual((await socket.connection.until('a pong', pong)).payload, payload);
});

test('[abuse 25] frames may come byte by byte', async () => {
  const socket = await open();
  for (const byte of Buffer.concat([control(opcodes.ping), ping])) {
    socket.write(Buffer.from([byte]));
    // The server has read it when it answers somebody else.
    await server.bystander.call('ping', {});
  }
  assert.ok((await socket.answer('ping')).output);
});

test('[abuse 25] a client that closes its end without a close frame is let go, also within a frame', async () => {
  const person = await server.register();
  for (const bytes of [[], [ping], [ping.subarray(0, 1)], [ping.subarray(0, -1)], [frame({ fin: false })]]) {
    const socket = await server.connect(person);
    socket.write(Buffer.concat(bytes));
    socket.connection.socket.end();
    assert.equal(await socket.closed(), 1006);
  }
});

test('[abuse 25] a client that is gone in the middle of its requests leaves no mess', async () => {
  const person = await server.register();
  for (const late of [false, true]) {
    const socket = await server.connect(person);
    socket.write(
      requestFrame('sync', 'sync'),
      sendFrame('a', randomUUID(), 'a'),
      sendFrame('b', randomUUID(), 'b'),
    );
    if (late) await socket.answer('a');
    socket.connection.socket.resetAndDestroy();
    await server.requireUnharmed();
  }
});

test('[abuse 26] [SOCK-15] a message of the limit is read, one of a byte more closes with 1009', async () => {
  const padded = (bytes: number) => JSON.stringify({ ref: 'big', op: 'ping' }).padEnd(bytes);
  const socket = await open();
  socket.write(textFrame(padded(frameBytes)));
  assert.ok((await socket.answer('big')).output);
  const tooLarge = padded(frameBytes + 1);
  const half = frameBytes / 2;
  await requireClosed([1009, 1006], {
    'in one frame': [textFrame(tooLarge)],
    'in fragments': [
      frame({ payload: tooLarge.slice(0, half), fin: false }),
      frame({ opcode: 0, payload: tooLarge.slice(half) }),
    ],
    binary: [binary(Buffer.alloc(frameBytes + 1))],
    'ten times': [textFrame(padded(10 * frameBytes))],
  });
});

test('[abuse 26] a declared length over the limit closes with 1009 before it is sent', async () => {
  const lengths = [frameBytes + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].map(BigInt);
  const beyond = [2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
  const packets = [...lengths, ...beyond].flatMap(declaredLength => [
    [`${declaredLength}`, [frame({ declaredLength })]],
    [`binary of ${declaredLength}`, [binary('', { declaredLength })]],
    [
      `${declaredLength} after a fragment`,
      [frame({ fin: false, payload: '{' }), frame({ opcode: 0, declaredLength })],
    ],
  ]);
  await requireClosed([1009, 1006], Object.fromEntries(packets));
});

test('[abuse 26] 16 KiB of control characters are stored and delivered like any other text', async () => {
  const person = await server.register();
  const socket = await server.connect(person);
  const escapedInSix = [...Array(0x1f).keys()].map(at => String.fromCharCode(at + 1)).join('');
  const texts = [
    escapedInSix.repeat(529).slice(0, textBytes),
    '\u0001'.repeat(textBytes),
    '\u007f'.repeat(textBytes),
    '\u0085'.repeat(textBytes / 2),
    '"\\'.repeat(textBytes / 2),
  ];
  for (const [at, text] of texts.entries()) {
    assert.equal(Buffer.byteLength(text), textBytes);
    const { output } = await socket.call(at, 'message.send', {
      room: server.general,
      id: randomUUID(),
      text,
    });
    const { message } = output as { message: Message };
    assert.equal(message.text, text);
    acknowledged(output);
    await server.bystander.until(() => server.bystander.texts(server.general).includes(text), 'the text');
    const path = `/rooms/${server.general}/messages?after=${message.seq - 1}&limit=1`;
    const history = await server.get<{ messages: Message[] }>(path, person);
    assert.deepEqual(history.body.messages, [message]);
  }
});

test('[abuse 26] frames that are empty, or small and many, are no harm', async () => {
  const socket = await open();
  socket.write(...Array(15).fill(frame()));
  assert.ok((await socket.call('after empty ones', 'ping')).output);
  const fragments = Array.from({ length: 500 }, () => frame({ opcode: 0, fin: false }));
  const [head, tail] = [
    frame({ payload: '{"ref":"many",', fin: false }),
    frame({ opcode: 0, payload: '"op":"ping"}' }),
  ];
  socket.write(head, ...fragments, tail);
  assert.ok((await socket.answer('many')).output);
});

test('[abuse 23–26] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
