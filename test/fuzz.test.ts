/**
 * Whatever is sent, by either door: never an internal error or a crash, an error changes nothing, and what succeeds is
 * answered as the contract says. A failure reports the seed that repeats it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { z } from 'zod';
import type { Grant, Message, Room } from '../src/contract/objects.ts';
import { type OperationName, operations } from '../src/contract/operations.ts';
import { password, register, request, TestSocket } from './support/people.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';
import { startServer, type TestServer } from './support/server.ts';
import { httpRequest, requireFrame, requireOutput, requireProblemBody } from './support/strict.ts';

let database: TestDatabase;
let server: TestServer;
let client: pg.Client;
/** Who asks; somebody may be signed out on the way, and signs in again. */
let people: Grant[];
/** Of the password that all of them have. */
let passwordHash: string;
/** What may be named: things there are, of those who ask and of others. */
let known: { users: string[]; rooms: string[]; messages: Message[]; cursors: string[] };

before(async () => {
  database = await createDatabase();
  server = await startServer({}, database.url);
  client = new pg.Client(database.connection);
  await client.connect();
  const { url } = server;
  people = await Promise.all(['ana', 'bruno', 'carla'].map(name => register(url, name)));
  const [ana, bruno, carla] = people as [Grant, Grant, Grant];
  ({ passwordHash } = (await client.query('select password_hash as "passwordHash" from users')).rows[0]);
  const make = async ({ token }: Grant, name: string, kind: string) =>
    (await request<{ room: Room }>(url, 'POST', '/rooms', { token, body: { name, kind } })).body.room.id;
  const rooms = [
    await make(ana, 'one', 'public'),
    await make(ana, 'two', 'private'),
    await make(bruno, 'three', 'private'),
  ];
  const { token } = carla;
  const direct = await request<{ room: Room }>(url, 'POST', '/directs', {
    token,
    body: { user: ana.user.id },
  });
  const messages: Message[] = [];
  for (const text of ['a', 'b', 'c']) {
    const path = `/rooms/${rooms[0]}/messages`;
    const body = { id: randomUUID(), text };
    messages.push(
      (await request<{ message: Message }>(url, 'POST', path, { token: ana.token, body })).body.message,
    );
  }
  const { body } = await request<{ cursor: string }>(url, 'GET', '/rooms?limit=1', { token: ana.token });
  known = {
    users: people.map(({ user }) => user.id),
    rooms: [...rooms, direct.body.room.id],
    messages,
    cursors: [body.cursor, '1', 'one'],
  };
});

after(async () => {
  await client.end();
  await server.close();
  await database.drop();
});

/** Of everything that is stored, what a later reader could tell from another. */
async function stored(): Promise<string> {
  const tables = [
    'users',
    'logins',
    'ended_logins',
    'rooms',
    'room_heads',
    'members',
    'messages',
    'settings',
  ];
  const hashes = tables.map(name => `(select md5(string_agg(t::text, '|' order by t::text)) from ${name} t)`);
  const { rows } = await client.query<{ state: string }>(
    `select concat_ws(' ', ${hashes.join(', ')}) as state`,
  );
  return rows[0]?.state ?? '';
}

const oneOf = <T>(pick: () => readonly T[]) => fc.nat(1_000).map(at => pick()[at % pick().length]);

/** For each field that an operation has somewhere, what may well be right. */
const plausible: Record<string, fc.Arbitrary<unknown>> = {
  username: fc.oneof(
    fc.constantFrom('ana', 'bruno', 'CARLA', 'ａｎａ', 'nobody'),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  ),
  password: fc.constantFrom(password, 'wrong horse', ''),
  newPassword: fc.constantFrom(password, 'another password', 'short'),
  everywhere: fc.boolean(),
  code: fc.string({ unit: 'grapheme', maxLength: 120 }),
  displayName: fc.string({ unit: 'grapheme', maxLength: 70 }),
  // Never one that is dead: using it ends the login, which is what it is for.
  refreshToken: oneOf(() => [...people.map(({ token }) => token), 'x.y.z', '']),
  token: oneOf(() => people.flatMap(({ token, refreshToken }) => [token, refreshToken])),
  query: fc.oneof(
    fc.constantFrom('a', 'A', '%', '_', '\\', ' '),
    fc.string({ unit: 'grapheme', maxLength: 90 }),
  ),
  limit: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: -5, max: 2_000 })),
  name: fc.oneof(fc.constantFrom('one', 'ONE', 'ｏｎｅ'), fc.string({ unit: 'grapheme', maxLength: 90 })),
  kind: fc.constantFrom('public', 'private', 'direct'),
  topic: fc.string({ unit: 'grapheme', maxLength: 300 }),
  cursor: fc.oneof(
    oneOf(() => known.cursors),
    fc.string({ unit: 'grapheme' }),
    fc.date().map(at => `${at.toJSON()} ${randomUUID()}`),
  ),
  room: oneOf(() => [...known.rooms, ...known.rooms.map(id => id.toUpperCase()), ...known.users]),
  user: oneOf(() => [...known.users, ...known.rooms]),
  history: fc.integer({ min: -1, max: 110 }),
  after: fc.oneof(fc.integer({ min: -1, max: 20 }), fc.maxSafeNat()),
  before: fc.oneof(fc.integer({ min: -1, max: 20 }), fc.maxSafeNat()),
  seq: fc.oneof(fc.integer({ min: -1, max: 20 }), fc.maxSafeNat()),
  id: fc.oneof(
    fc.uuid(),
    oneOf(() => known.messages.map(({ id }) => id)),
  ),
  text: fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.string({ unit: 'binary' }),
    oneOf(() => known.messages.map(({ text }) => text)),
  ),
  log: fc.string({ unit: 'grapheme' }),
  rooms: fc.dictionary(
    fc.oneof(fc.uuid(), fc.constantFrom('__proto__', 'constructor', '')),
    fc.maxSafeNat(),
    { maxKeys: 5 },
  ),
};

const fromPrototypes = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
);

/** What is hardly ever right. */
const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3, noUnicodeString: false }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fromPrototypes,
  fc.constantFrom(
    -1,
    -0,
    1e21,
    1e308,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    0.1,
    '',
    ' ',
    '\0',
    '\ud800',
    'NaN',
    '9'.repeat(400),
  ),
  fc.constantFrom(null, true, [], {}, [[]], { $gt: '' }, 'x'.repeat(20_000)),
);

/** The fields that an operation's input has, in each of its forms. */
function fieldsOf(op: OperationName): { name: string; isNeeded: boolean }[] {
  const { input }: { input: z.ZodType } = operations[op];
  if (input instanceof z.ZodUnion) return formsOf(input).flatMap(form => shapeOf(form, false));
  return shapeOf(input, true);
}

const formsOf = (union: z.ZodUnion) => union.options as z.ZodType[];

function shapeOf(form: z.ZodType, isOnly: boolean): { name: string; isNeeded: boolean }[] {
  if (!(form instanceof z.ZodObject)) return [];
  return Object.entries(form.shape as Record<string, z.ZodType>).map(([name, field]) => ({
    name,
    isNeeded: isOnly && !field.safeParse(undefined).success,
  }));
}

/** Mostly plausible; some fields missing, some junk, some that nobody asked for. */
function inputOf(op: OperationName): fc.Arbitrary<Record<string, unknown>> {
  const fields = fieldsOf(op);
  const values = Object.fromEntries(
    fields.map(({ name }) => [
      name,
      fc.oneof(
        { weight: 12, arbitrary: plausible[name] ?? fc.constant(undefined) },
        { weight: 1, arbitrary: junk },
      ),
    ]),
  );
  const requiredKeys = fields.filter(({ isNeeded }) => isNeeded).map(({ name }) => name);
  const given = fc.oneof(
    { weight: 6, arbitrary: fc.record(values, { requiredKeys }) },
    { weight: 1, arbitrary: fc.record(values, { requiredKeys: [] }) },
  );
  const besides = fc.dictionary(fc.oneof(fromPrototypes, fc.string({ maxLength: 10 })), junk, { maxKeys: 2 });
  return fc
    .tuple(given, fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: besides }))
    .map(([input, more]) => ({ ...more, ...input }));
}

type Asked = { op: OperationName; input: Record<string, unknown>; who: number };

const askedOf = (names: readonly OperationName[]): fc.Arbitrary<Asked> =>
  fc
    .constantFrom(...names)
    .chain(op => fc.record({ op: fc.constant(op), input: inputOf(op), who: fc.nat(2) }));

const names = Object.keys(operations) as OperationName[];
const settings = { numRuns: 400, endOnFailure: true };

/** A room that somebody has made may be named from here on: the first ones are soon left. */
function remember(output: unknown): void {
  const { room } = (output ?? {}) as { room?: Room };
  if (room?.role === 'owner') known.rooms = [...new Set([...known.rooms, room.id])].slice(-8);
}

/** Whoever was signed out signs in again, by the password they had; Ana is the administrator, and nobody is disabled for long. */
async function signedIn(who: number): Promise<Grant> {
  const grant = people[who];
  assert.ok(grant !== undefined);
  await client.query(
    "update users set disabled_at = null, administrator = (username = 'ana'), password_hash = $1",
    [passwordHash],
  );
  const { status } = await request(server.url, 'GET', '/me', { token: grant.token });
  if (status === 200) return grant;
  const body = { username: grant.user.username, password };
  const { status: entered, body: renewed } = await request<Grant>(server.url, 'POST', '/login', { body });
  assert.equal(entered, 200, JSON.stringify(renewed));
  people[who] = renewed;
  return renewed;
}

test('every field of every operation has something plausible to be fuzzed with', () => {
  const missing = names.flatMap(fieldsOf).filter(({ name }) => plausible[name] === undefined);
  assert.deepEqual(missing, []);
});

test('[abuse 17, 18, 33] over HTTP no input fails the server, and one that is refused changes nothing', async () => {
  const succeeded = new Set<OperationName>();
  const offered = names.filter(name => operations[name].http !== undefined);
  await fc.assert(
    fc.asyncProperty(askedOf(offered), async ({ op, input, who }) => {
      const { token } = await signedIn(who);
      const { http } = operations[op];
      assert.ok(http !== undefined);
      const { method, path, body } = httpRequest(http, input);
      const state = await stored();
      const response = await request<{ code?: string }>(server.url, method, path, { token, body });
      if (response.status === http.status) {
        succeeded.add(op);
        if (http.status !== 204) requireOutput(op, response.body);
        remember(response.body);
        return;
      }
      assert.ok(response.status >= 400 && response.status < 500, `${response.status}`);
      requireProblemBody(response.body);
      assert.equal(await stored(), state, 'an error changed something');
    }),
    settings,
  );
  // Enough of it was plausible.
  assert.ok(succeeded.size > offered.length / 2, `succeeded only: ${[...succeeded].join()}`);
});

test('[abuse 29, 33] on a socket no input fails the server, and one that is refused changes nothing', async () => {
  const succeeded = new Set<OperationName>();
  await fc.assert(
    fc.asyncProperty(askedOf(names), async ({ op, input, who }) => {
      const { token } = await signedIn(who);
      const socket = await TestSocket.open(server.url, token);
      const state = await stored();
      socket.socket.send(JSON.stringify({ ref: 'fuzz', op, input }));
      await socket.until(() => socket.frames.some(each => 'ref' in each));
      const answer = socket.frames.find(each => 'ref' in each);
      assert.ok(answer !== undefined && 'ref' in answer);
      for (const each of socket.frames) requireFrame(each);
      if ('output' in answer) {
        succeeded.add(op);
        requireOutput(op, answer.output);
        remember(answer.output);
      } else {
        assert.ok(!['internal', 'timeout', 'unavailable'].includes(answer.error.code), answer.error.message);
        assert.equal(await stored(), state, 'an error changed something');
      }
      await socket.close();
    }),
    settings,
  );
  assert.ok(succeeded.size > names.length / 2, `succeeded only: ${[...succeeded].join()}`);
});
