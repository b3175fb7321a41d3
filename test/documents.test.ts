/** The contract for machines: what the server says of itself is true, whole, and can be used. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { asyncApiDocument } from '../src/contract/asyncapi.ts';
import { closeCodes, errorCodes } from '../src/contract/codes.ts';
import { ServerEvent, SocketError } from '../src/contract/events.ts';
import { errorExample, eventExamples, operationExamples } from '../src/contract/examples.ts';
import { rates } from '../src/contract/limits.ts';
import { openApiDocument } from '../src/contract/openapi.ts';
import { type OperationDefinition, type OperationName, operations } from '../src/contract/operations.ts';
import { request } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const table = Object.entries<OperationDefinition>(operations);

for (const path of ['/openapi.json', '/asyncapi.json']) {
  test(`[PROTO-3] ${path} is there for everyone, as it is written down`, async () => {
    const { status, headers, body } = await request(server.url, 'GET', path);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.deepEqual(body, JSON.parse(readFileSync(`.${path}`, 'utf8')));
    const posted = await request(server.url, 'POST', path);
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET']);
  });
}

test('every operation is described at its address, and on the socket if it is offered there', () => {
  const { paths } = openApiDocument();
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  );
  const expected = table.flatMap(([, { http }]) => (http ? [`${http.method} ${http.path}`] : []));
  assert.deepEqual(routes.sort(), expected.sort());
  const { operations: described } = plain(asyncApiDocument()) as {
    operations: Record<string, { action: string }>;
  };
  const requests = Object.keys(described).filter(name => described[name]?.action === 'receive');
  assert.deepEqual(
    requests,
    table.filter(([, { socket }]) => socket).map(([name]) => name),
  );
});

test('every reference leads somewhere, and every field that is required is described', () => {
  for (const document of [openApiDocument(), asyncApiDocument()].map(plain)) {
    for (const value of objectsIn(document)) {
      if (typeof value['$ref'] === 'string') assert.ok(found(document, value['$ref']), value['$ref']);
      if (!Array.isArray(value['required'])) continue;
      for (const name of value['required']) {
        assert.ok(Object.hasOwn(value['properties'] as object, name), `${name} in ${JSON.stringify(value)}`);
      }
    }
  }
});

test('the examples are what the server takes and gives', () => {
  for (const [name, { input, output }] of table) {
    const example = operationExamples[name as OperationName];
    assert.deepEqual(output.parse(example.output), example.output, `the output of ${name}`);
    assert.doesNotThrow(() => input.parse(example.input), `the input of ${name}`);
  }
  for (const event of Object.values(eventExamples)) assert.deepEqual(ServerEvent.parse(event), event);
  assert.deepEqual(SocketError.parse(errorExample), errorExample);
});

test('the tables of PROTOCOL.md have every operation, event, error, close code and rate, and no other', () => {
  const rows = readFileSync('PROTOCOL.md', 'utf8')
    .split('\n')
    .filter(line => line.startsWith('| '));
  const requireRows = (isOne: RegExp, expected: readonly string[]) => {
    const written = rows.filter(row => isOne.test(row));
    assert.equal(written.length, expected.length, `rows like ${isOne}`);
    for (const beginning of expected)
      assert.ok(
        written.some(row => row.startsWith(beginning)),
        beginning,
      );
  };
  requireRows(
    /^\| `[a-z.]+` \| (–|[A-Z]+ \/)/,
    table.map(([name, { http }]) =>
      http ? `| \`${name}\` | ${http.method} ${http.path} → ${http.status} |` : `| \`${name}\` | – |`,
    ),
  );
  requireRows(
    /^\| `\w+` \| server → client/,
    ServerEvent.options.map(({ shape }) => `| \`${shape.event.value}\` |`),
  );
  requireRows(
    /^\| `\w+` \| \d{3} /,
    Object.entries(errorCodes).map(
      ([code, { status, retryable }]) => `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} |`,
    ),
  );
  requireRows(
    /^\| \d{4} \|/,
    Object.values(closeCodes).map(code => `| ${code} |`),
  );
  requireRows(
    /^\| \w+ \| (address|account|user) \|/,
    Object.entries(rates).map(([name, { by, perMinute, burst }]) => {
      const [aMinute, atOnce] = [perMinute, burst].map(count => count.toLocaleString('en'));
      return `| ${name} | ${by} | ${aMinute} | ${atOnce} |`;
    }),
  );
});

/** As it is on the wire. */
function plain(document: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(document));
}

function* objectsIn(value: unknown): Iterable<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

function found(document: object, reference: string): unknown {
  const steps = reference.replace('#/', '').split('/');
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
}
