/** Short news at the edge of the page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effect } from '@preact/signals';
import { Toasts } from '../src/web/state/toasts.ts';

const textsOf = (toasts: Toasts) => toasts.all.value.map(({ text }) => text);
const action = { label: 'Reload', run: () => undefined };

test('of news that pile up the last three are shown; a short one goes by after five seconds', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const toasts = new Toasts();
  for (const text of ['one', 'two']) toasts.show(text);
  context.mock.timers.tick(4_000);
  for (const text of ['three', 'four']) toasts.show(text);
  assert.deepEqual(textsOf(toasts), ['two', 'three', 'four']);
  context.mock.timers.tick(1_000);
  assert.deepEqual(textsOf(toasts), ['three', 'four']);
  context.mock.timers.tick(4_000);
  assert.deepEqual(textsOf(toasts), []);
});

test('long news stay for as long as it takes to read them', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const toasts = new Toasts();
  const long = 'word '.repeat(20);
  toasts.show(long);
  context.mock.timers.tick(7_999);
  assert.deepEqual(textsOf(toasts), [long]);
  context.mock.timers.tick(1);
  assert.deepEqual(textsOf(toasts), []);
});

test('what can be done something about stays until it is put away, and other news don’t push it out', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const toasts = new Toasts();
  toasts.show('New version', action);
  for (const text of ['one', 'two', 'three', 'four']) toasts.show(text);
  assert.deepEqual(textsOf(toasts), ['New version', 'two', 'three', 'four']);
  context.mock.timers.tick(60_000);
  assert.deepEqual(textsOf(toasts), ['New version']);
  toasts.dismiss(toasts.all.value[0]?.id ?? 0);
  assert.deepEqual(textsOf(toasts), []);
});

test('the same said again takes the place of the first, with a time of its own', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const toasts = new Toasts();
  toasts.show('failed');
  context.mock.timers.tick(2_000);
  for (const text of ['other', 'failed']) toasts.show(text);
  assert.deepEqual(textsOf(toasts), ['other', 'failed']);
  context.mock.timers.tick(3_000);
  assert.deepEqual(textsOf(toasts), ['other', 'failed']);
  context.mock.timers.tick(2_000);
  assert.deepEqual(textsOf(toasts), []);
});

test('an effect that shows one is not run again by it, nor by the next', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const toasts = new Toasts();
  const stop = effect(() => void toasts.show('Kept nowhere'));
  toasts.show('Other news');
  assert.deepEqual(textsOf(toasts), ['Kept nowhere', 'Other news']);
  stop();
});
