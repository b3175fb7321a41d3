/** Two people at the page, in a real Chromium: from the press of Enter to the message on the screen, one's own and the other's. */
import type { Page } from 'playwright-core';
import { openBrowser } from '../test/support/browser.ts';
import { Visitor } from '../test/support/page-visitor.ts';
import type { Benchmark } from './bench.ts';
import { startPapo } from './papo.ts';
import { openPostgres } from './postgres.ts';
import { against, median, percentile, table } from './report.ts';

const flags = {
  messages: { default: 100, help: 'how many are said, one after the other' },
} as const;

/** What happens in the page is told by the page: when Enter was pressed, and when a text has been painted. */
interface Watch {
  pressedAt: number;
  /** Milliseconds since 1970, by the one clock of the machine. */
  paintedAt(text: string): Promise<number>;
}

/** Runs in the page before its own scripts. A frame after the one in which a text is there, it has been painted. */
const watching = `
  const now = () => performance.timeOrigin + performance.now();
  globalThis.papoWatch = {
    pressedAt: 0,
    paintedAt: text => new Promise(painted => {
      const look = () => {
        const rows = [...document.querySelectorAll('.row .text')];
        if (rows.some(row => row.textContent === text)) requestAnimationFrame(() => painted(now()));
        else requestAnimationFrame(look);
      };
      look();
    }),
  };
  addEventListener('keydown', event => {
    if (event.key === 'Enter') globalThis.papoWatch.pressedAt = now();
  }, { capture: true });
`;

const paintedAt = (page: Page, text: string) =>
  page.evaluate(wanted => (globalThis as unknown as { papoWatch: Watch }).papoWatch.paintedAt(wanted), text);
const pressedAt = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { papoWatch: Watch }).papoWatch.pressedAt);

export const page: Benchmark<typeof flags> = {
  about: "a message on one's own screen, and on the other's, in a real browser",
  flags,
  async run({ messages }, context) {
    const postgres = await openPostgres(context);
    const environment = { PAPO_DEFAULT_ROOMS: 'general' };
    const { url } = await startPapo(await postgres.createDatabase('page'), environment, context);
    const browser = await openBrowser();
    context.undo.defer(() => browser.close());
    const [ana, bruno] = [await come('ana'), await come('bruno')];
    const own: number[] = [];
    const others: number[] = [];
    for (let said = 0; said < messages; said += 1) {
      context.signal.throwIfAborted();
      const text = `message ${said}`;
      await ana.composer.fill(text);
      const painted = [paintedAt(ana.page, text), paintedAt(bruno.page, text)] as const;
      await ana.composer.press('Enter');
      const [here, there] = await Promise.all(painted);
      const pressed = await pressedAt(ana.page);
      own.push(here - pressed);
      others.push(there - pressed);
      await ana.isSent(text);
    }
    context.print();
    table(
      [
        ['from Enter to the screen', 'p50 ms', 'p95 ms', 'most ms', ''],
        row("one's own", own, 50),
        row("the other's", others, 200),
      ],
      context.print,
    );

    async function come(username: string): Promise<Visitor> {
      const visitor = await Visitor.register(browser, url, username);
      await visitor.context.addInitScript(watching);
      await visitor.page.reload();
      await visitor.composer.waitFor();
      return visitor;
    }
  },
};

function row(name: string, values: readonly number[], budgetMs: number): string[] {
  const sorted = values.toSorted((one, other) => one - other);
  const p95 = percentile(sorted, 95);
  const numbers = [median(values), p95, sorted.at(-1) ?? Number.NaN].map(value => value.toFixed(0));
  return [name, ...numbers, against(p95, { target: budgetMs, atMost: true, unit: ' ms (p95)' })];
}
