/** Somebody at the page, in a browser profile of their own: what one does there, by what one sees. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { password } from './people.ts';

/** Costs time only where something fails; on a machine with much else to do, everything takes long. */
const patienceMs = 60_000;

/** A network that is away is told on the console by the browser itself; when it goes decides in which words. */
const tellsOfNoNetwork = /net::ERR_|Connection closed before receiving a handshake response/;

/** Runs in every page: remembers all that is said at its edges, some of which is gone before anybody has looked. */
const remembering = `
  globalThis.papoTold = new Set();
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll('[role="status"], [aria-live]'))
      globalThis.papoTold.add(textContent);
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

export class Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
  /** What a page may never do: errors that nobody caught, refused scripts and styles (CSP), dialogs, other hosts. */
  readonly oddities: string[] = [];

  private constructor(context: BrowserContext, page: Page, url: string) {
    this.context = context;
    this.page = page;
    this.url = url;
    this.#watch(page);
  }

  static async come(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await browser.newContext({
      locale: 'en-US',
      viewport: { width: 1100, height: 760 },
      ...options,
    });
    context.setDefaultTimeout(patienceMs);
    await context.addInitScript({ content: remembering });
    const visitor = new Visitor(context, await context.newPage(), url);
    await visitor.page.goto(url);
    return visitor;
  }

  /** Comes, and makes an account. */
  static async register(
    browser: Browser,
    url: string,
    username: string,
    options: BrowserContextOptions & { displayName?: string } = {},
  ): Promise<Visitor> {
    const { displayName = '', ...rest } = options;
    const visitor = await Visitor.come(browser, url, rest);
    const { page } = visitor;
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Your name').fill(displayName);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await visitor.isIn();
    return visitor;
  }

  /** Comes, and signs in to an account that there is. */
  static async signIn(
    browser: Browser,
    url: string,
    username: string,
    options: BrowserContextOptions = {},
  ): Promise<Visitor> {
    const visitor = await Visitor.come(browser, url, options);
    await visitor.signIn(username);
    return visitor;
  }

  async signIn(username: string): Promise<void> {
    const { page } = this;
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.locator('form').getByRole('button', { name: 'Sign in' }).click();
    await this.isIn();
  }

  /** Waits until the page is connected: the rooms are there. */
  async isIn(): Promise<void> {
    await this.page.locator('.room-link').first().waitFor();
  }

  get composer(): Locator {
    return this.page.locator('#composer');
  }

  /** Writes a message and sends it by Enter. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** Goes to a room or person of the list. */
  async open(title: string): Promise<void> {
    await this.page.locator('.room-link', { hasText: title }).click();
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor();
  }

  /** The messages that are shown, from top to bottom. */
  async texts(): Promise<string[]> {
    return this.page.locator('.row .text').allInnerTexts();
  }

  /** Waits for a message on the screen. */
  async sees(text: string): Promise<void> {
    await this.page.locator('.row .text', { hasText: text }).first().waitFor();
  }

  /** Waits until the page has told something, since it was loaded, that it perhaps tells no longer: a notice, a toast. */
  async wasTold(text: string): Promise<void> {
    await this.page.waitForFunction(wanted => {
      const { papoTold } = globalThis as unknown as { papoTold: Set<string> };
      return [...papoTold].some(told => told.includes(wanted));
    }, text);
  }

  /** Waits until the server has what was written here. */
  async isSent(text: string): Promise<void> {
    await this.page.locator('.message[data-delivery="stored"] .text', { hasText: text }).first().waitFor();
  }

  /** Waits until so much is in the browser's own database: what a reload will find, and no more. */
  async hasKept(count: number, table: 'messages' | 'drafts'): Promise<void> {
    await this.page.waitForFunction(`new Promise((counted, failed) => {
      const opening = indexedDB.open('papo');
      opening.onerror = () => failed(opening.error);
      opening.onsuccess = () => {
        const counting = opening.result.transaction('${table}').objectStore('${table}').count();
        opening.result.close();
        counting.onerror = () => failed(counting.error);
        counting.onsuccess = () => counted(counting.result === ${count});
      };
    })`);
  }

  /** Waits until the browser has kept the page for when there is no network. */
  async isKept(): Promise<void> {
    await this.page.waitForFunction(() => {
      const { serviceWorker } = navigator as Navigator & { serviceWorker: { controller: unknown } };
      return serviceWorker.controller !== null;
    });
  }

  async leave(): Promise<void> {
    await this.context.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  #watch(page: Page): void {
    const note = (what: string) => this.oddities.push(what);
    page.on('pageerror', error => note(`error: ${error.stack ?? error.message}`));
    page.on('dialog', dialog => {
      note(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', message => {
      if (message.type() === 'error' && !tellsOfNoNetwork.test(message.text()))
        note(`console: ${message.text()}`);
    });
    page.on('request', request => {
      if (new URL(request.url()).host !== new URL(this.url).host) note(`request: ${request.url()}`);
    });
  }
}
