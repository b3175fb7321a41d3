/**
 * Bytes that no client of ours would send: frames, bodies and request lines in every variation. Whatever comes, the
 * connection is answered or closed with a code for it, and the server goes on. A failure reports the seed that repeats it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { attackedServer, json, type Person } from './support/abuse.ts';
import {
  type Frame,
  frame,
  opcodes,
  RawConnection,
  requestFrame,
  responsesIn,
  textFrame,
} from './support/abuse-wire.ts';
import { requireFrame, requireProblemBody } from './support/strict.ts';

const server = attackedServer();
const settings = { numRuns: 150, endOnFailure: true };

/** What a bad frame may be closed with; a cut connection tells nothing. */
const endings = new Set([1000, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 4500]);

let someone: Promise<Person> | undefined;
const person = () => {
  someone ??= server.register();
  return someone;
};

const aText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc
    .record({ ref: fc.jsonValue(), op: fc.oneof(fc.constant('ping'), fc.string()), input: fc.jsonValue() })
    .map(request => JSON.stringify(request)),
  fc.constantFrom(
    '{"ref":1,"op":"ping"}',
    '{"ref":1',
    'null',
    '"ref"',
    '[{"ref":1,"op":"ping"}]',
    '{"ref":1,"ref":2,"op":"ping"}',
  ),
);

const aPayload = fc.oneof(
  aText,
  fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
);

const aFrame: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: aText.map(text => textFrame(text)) },
  {
    weight: 2,
    arbitrary: fc
      .record(
        {
          opcode: fc.nat(15),
          payload: aPayload,
          fin: fc.boolean(),
          rsv: fc.constantFrom(0, 0, 0, 0x10, 0x20, 0x40),
          masked: fc.constantFrom(true, true, true, false),
          declaredLength: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        },
        { requiredKeys: ['opcode', 'payload'] },
      )
      .map(parts => frame(parts as Frame)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)) },
);

/** The same bytes, with some of them changed, left out or doubled. */
const mangled = (bytes: fc.Arbitrary<Buffer>) =>
  fc
    .tuple(bytes, fc.nat(), fc.nat(255), fc.constantFrom('keep', 'change', 'cut', 'double'))
    .map(([whole, where, byte, how]) => {
      const at = whole.length === 0 ? 0 : where % whole.length;
      const [head, tail] = [whole.subarray(0, at), whole.subarray(at)];
      if (how === 'change') return Buffer.concat([head, Buffer.from([byte]), tail.subarray(1)]);
      if (how === 'cut') return head;
      return how === 'double' ? Buffer.concat([whole, tail]) : whole;
    });

test('[abuse 23–26, 29] whatever frames come, they are answered or the connection is closed for them', async () => {
  const { token } = await person();
  await fc.assert(
    fc.asyncProperty(fc.array(mangled(aFrame), { minLength: 1, maxLength: 8 }), async frames => {
      const socket = await server.connect({ token });
      // The end of what is sent: a connection that is still open then is let go of.
      socket.write(...frames, requestFrame('last', 'ping'), frame({ opcode: opcodes.close }));
      socket.connection.socket.end();
      await socket.connection.rest();
      const close = socket.frames.find(({ opcode }) => opcode === opcodes.close);
      const code =
        close === undefined ? 1006 : close.payload.length < 2 ? 1005 : close.payload.readUInt16BE();
      assert.ok(endings.has(code), `closed with ${code}`);
      for (const text of socket.texts) {
        requireFrame(text);
        assert.notEqual(text.error?.code, 'internal');
      }
    }),
    settings,
  );
});

const aToken = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map(parts => parts.join('.')),
  fc.constantFrom('a.b.c', '..', '__proto__', 'null'),
);

test('[abuse 1, 8–10] whatever token is shown, it opens nothing', async () => {
  await fc.assert(
    fc.asyncProperty(aToken, async token => {
      const [response] = await server.exchange(server.head('GET', '/me', [`Authorization: Bearer ${token}`]));
      assert.ok(response !== undefined && (response.status === 401 || response.status === 400), token);
      const refused = await server.post<unknown>('/refresh', { refreshToken: token });
      assert.equal(refused.status, 401);
      requireProblemBody(refused.body);
    }),
    settings,
  );
});

const aBody = mangled(
  fc.oneof(
    fc.json().map(text => Buffer.from(text)),
    fc
      .record({ username: fc.jsonValue(), password: fc.jsonValue(), refreshToken: fc.jsonValue() })
      .map(body => Buffer.from(JSON.stringify(body))),
    fc.uint8Array({ maxLength: 500 }).map(bytes => Buffer.from(bytes)),
  ),
);

test('[abuse 17, 19] whatever the body of a request is, it is refused as what it is', async () => {
  const { token } = await person();
  const paths = [
    '/refresh',
    '/rooms',
    '/directs',
    `/rooms/${randomUUID()}/messages`,
    `/rooms/${server.general}/messages`,
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), aBody, async (path, body) => {
      const response = await server.postBytes(path, body, [json, `Authorization: Bearer ${token}`]);
      assert.ok(response.status < 500, `${response.status}`);
      if (response.status >= 400) requireProblemBody(JSON.parse(response.body));
    }),
    settings,
  );
});

test('[abuse 6, 19] whatever is sent in place of a request is answered or cut off', async () => {
  const { token } = await person();
  const good = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PRI'),
      fc.oneof(
        fc.constantFrom(
          '/me',
          '/rooms',
          '/rooms/public?limit=1',
          '/users?query=%',
          '/ws',
          '//',
          '/%2e%2e/me',
          '*',
        ),
        fc.webPath().map(path => `/${path}`),
      ),
      fc.array(
        fc.constantFrom(
          json,
          'Content-Length: 2',
          'Transfer-Encoding: chunked',
          'Expect: 100-continue',
          'Upgrade: h2c',
          'X: y',
        ),
      ),
    )
    .map(([method, path, headers]) =>
      Buffer.from(`${server.head(method, path, [`Authorization: Bearer ${token}`, ...headers])}{}`),
    );
  await fc.assert(
    fc.asyncProperty(mangled(good), async bytes => {
      const connection = new RawConnection(server.url);
      connection.write(bytes);
      connection.socket.end();
      for (const { status } of responsesIn(await connection.rest())) assert.ok(status < 500, `${status}`);
    }),
    settings,
  );
});

test('[abuse 6, 17–19, 23–26, 29] stops in good order afterwards, and its log tells no password or token', async () => {
  await server.requireDiscreetLog();
});
