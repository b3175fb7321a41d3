/** No rule without a test: how the titles of tests are read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Citations, citationFaults, citedIn, testIndex } from '../tools/test-index.ts';

const citations = (titles: readonly string[], abuses?: Map<string, string>): Citations => ({
  promises: new Map([['G1', 'Durable.']]),
  rules: new Map([['SEND-1', 'A message is stored once.']]),
  abuses,
  titles: titles.map(title => ({ file: 'test/a.test.ts', title })),
});

test('a title cites what stands in brackets at its beginning, rows of abuse also as lists and ranges', () => {
  assert.deepEqual(citedIn('[G4] [SEND-2] it is [not this]'), ['G4', 'SEND-2']);
  assert.deepEqual(citedIn('[abuse 3, 8–10] it'), ['abuse 3', 'abuse 8', 'abuse 9', 'abuse 10']);
  assert.deepEqual(citedIn('it'), []);
});

test('what no test cites, and what is cited and not there, is a fault', () => {
  assert.deepEqual(citationFaults(citations(['[G1] it', '[SEND-1] it', '[abuse 1] it'])), []);
  const abuses = new Map([['1', 'Something bad']]);
  const faults = citationFaults(citations(['[G1] it', '[SEND-9] it', '[abuse 2] it'], abuses));
  assert.deepEqual(
    faults.map(fault => /(?:cites|No test cites) \[[^\]]+\]/.exec(fault)?.[0]),
    ['No test cites [SEND-1]', 'No test cites [abuse 1]', 'cites [SEND-9]', 'cites [abuse 2]'],
  );
});

test('the page names the tests under what they cite', () => {
  const page = testIndex(citations(['[G1] [SEND-1] it holds', '[G1] it lasts']));
  assert.match(page, /\*\*\[G1\]\*\* Durable\.\n\n- it holds \(`test\/a\.test\.ts`\)\n- it lasts/);
  assert.match(page, /\*\*\[SEND-1\]\*\* A message is stored once\.\n\n- it holds/);
});
