/** What a test opens it gives back, however it ends. */
import type { TestContext } from 'node:test';

const opened = new WeakMap<TestContext, AsyncDisposableStack>();

/**
 * Does this when the test is over: what was opened last goes first, as it may need what was there before. (The hooks of
 * `context.after` go the other way round: a database would be dropped under its server.)
 */
export function atEnd(t: TestContext, giveBack: () => unknown): void {
  let stack = opened.get(t);
  if (stack === undefined) {
    stack = new AsyncDisposableStack();
    opened.set(t, stack);
    const all = stack;
    t.after(() => all.disposeAsync());
  }
  stack.defer(async () => {
    await giveBack();
  });
}
