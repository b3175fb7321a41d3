/** What the log tells of a database that is away: that it is, and that it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Outage } from '../src/server/store/outage.ts';
import { atEnd } from './support/at-end.ts';
import { DatabaseLine } from './support/database-line.ts';
import { register, request } from './support/people.ts';
import { createDatabase } from './support/postgres.ts';
import { ownServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

const away = 'the database is away, or too busy';
const back = 'the database answers again';
const calmMs = 5_000;
const warning = 40;

type Line = { level: number; msg: string; failures?: number };

function scene() {
  const lines: Line[] = [];
  const clock = { nowMs: 0 };
  const log = pino({ level: 'info', base: null }, { write: line => void lines.push(JSON.parse(line)) });
  return { lines, clock, outage: new Outage(log, () => clock.nowMs) };
}

const said = (lines: readonly Line[]) => lines.map(({ msg, failures }) => [msg, failures]);

test('an outage is one line, its end another one, with how often it was asked in vain', () => {
  const { lines, clock, outage } = scene();
  outage.answered();
  for (let asked = 0; asked < 100; asked += 1) outage.failed(new Error('away'));
  clock.nowMs += calmMs;
  for (let asked = 0; asked < 100; asked += 1) outage.answered();
  assert.deepEqual(said(lines), [
    [away, undefined],
    [back, 100],
  ]);
  outage.failed(new Error('again'));
  assert.equal(lines.length, 3);
});

test('a database that answers now and then is not said to be back', () => {
  const { lines, clock, outage } = scene();
  for (let asked = 0; asked < 100; asked += 1) {
    outage.failed(new Error('busy'));
    clock.nowMs += calmMs - 1;
    outage.answered();
  }
  assert.deepEqual(said(lines), [[away, undefined]]);
  clock.nowMs += 1;
  outage.answered();
  assert.deepEqual(said(lines).at(-1), [back, 100]);
});

test('many who ask while the database is away make no more lines than few', async t => {
  const database = await createDatabase();
  atEnd(t, () => database.drop());
  const line = await DatabaseLine.to(database);
  atEnd(t, () => line.close());
  const server = await ownServer(t, {}, line.url);
  const { token } = await register(server.url, 'ana');
  const asked = 50;
  const before = server.lines.length;
  const lines = () => server.lines.slice(before).map((each): Line => JSON.parse(each));
  line.cut();
  for (let at = 0; at < asked; at += 1) {
    assert.equal((await request(server.url, 'GET', '/rooms', { token })).status, 503);
  }
  const warned = lines().filter(({ level }) => level >= warning);
  assert.equal(warned.filter(({ msg }) => msg === away).length, 1);
  assert.ok(warned.length < asked / 2, JSON.stringify(warned));
  line.mend();
  const end = await eventually('it is said to be back', () => lines().find(({ msg }) => msg === back));
  assert.ok((end.failures ?? 0) >= asked, `${end.failures} failures`);
});
