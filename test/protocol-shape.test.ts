/** The wire contract is what it was: what clients rely on stays as long as the protocol has its number. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { protocolVersion } from '../src/contract/codes.ts';
import { shapeChange, wireShape } from '../tools/wire-shape.ts';

const path = `test/protocol-${protocolVersion}.txt`;

test('[PROTO-1] nothing of the wire contract is renamed, removed or newly required', () => {
  const { breaking } = shapeChange(recorded(), wireShape());
  const advice = `renaming or removing needs a new protocolVersion: add instead, or raise it in src/contract/codes.ts`;
  assert.deepEqual(breaking, [], advice);
});

test('whatever was added to the wire contract is written down', () => {
  const { added } = shapeChange(recorded(), wireShape());
  assert.deepEqual(added, [], `write it down in ${path}, where it then stays: npm run documents`);
});

test('a field that is gone, changed or newly required breaks; one more does not', () => {
  const before = [
    'operation a input: object',
    'operation a input.b: string, optional',
    'event c.d: string, required',
  ];
  const change = (...now: string[]) => shapeChange(before, now);
  assert.deepEqual(change(...before), { breaking: [], added: [] });
  assert.deepEqual(change(...before.slice(0, 2)).breaking, ['event c.d: string, required']);
  assert.deepEqual(change(...before, 'operation a input.e: string, required'), {
    breaking: ['operation a input.e: string, required'],
    added: [],
  });
  const harmless = ['operation a output.e: string, required', 'operation f input.g: string, required'];
  assert.deepEqual(change(...before, ...harmless), { breaking: [], added: harmless });
});

function recorded(): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}
