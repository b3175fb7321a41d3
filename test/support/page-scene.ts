/** Where a test file about the page plays: a server, a browser, and people who come. It ends with the file, however that ends. */
import { after, before } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { Visitor } from './page-visitor.ts';
import { register, TestSocket } from './people.ts';
import { startServer, type TestServer } from './server.ts';

/**
 * Set before the first test of the file, and cleared after its last.
 *
 * @param prepare what else is there when the first test begins. A file's `before` doesn't wait for the scene.
 */
export function pageScene(prepare?: (scene: PageScene) => Promise<void>): PageScene {
  const scene = new PageScene();
  before(async () => {
    await scene.set();
    await prepare?.(scene);
  });
  after(() => scene.clear());
  return scene;
}

export class PageScene {
  /** Ends what was opened for the whole file, the latest first. */
  readonly undo = new AsyncDisposableStack();
  #opened: { browser: Browser; server: TestServer } | undefined;

  /** The browser first: where there is none, no server is started in vain. */
  async set(): Promise<void> {
    const browser = this.undo.use(await openBrowser());
    const server = this.undo.adopt(await startServer(), it => it.close());
    this.#opened = { browser, server };
  }

  async clear(): Promise<void> {
    await this.undo.disposeAsync();
  }

  get browser(): Browser {
    return this.#it.browser;
  }

  get server(): TestServer {
    return this.#it.server;
  }

  get url(): string {
    return this.server.url;
  }

  /** Somebody opens the page. */
  come(options?: BrowserContextOptions): Promise<Visitor> {
    return Visitor.come(this.browser, this.url, options);
  }

  /** Somebody opens the page, and makes an account. */
  register(username: string, options?: BrowserContextOptions & { displayName?: string }): Promise<Visitor> {
    return Visitor.register(this.browser, this.url, username, options);
  }

  /** Somebody opens the page, and signs in to an account that there is. */
  signIn(username: string, options?: BrowserContextOptions): Promise<Visitor> {
    return Visitor.signIn(this.browser, this.url, username, options);
  }

  /** Somebody with a new account and without a page, there until the file ends: to talk to those who have one. */
  async talker(username: string): Promise<TestSocket> {
    const { token } = await register(this.url, username);
    return this.undo.adopt(await TestSocket.live(this.url, token), it => it.close());
  }

  get #it() {
    if (this.#opened === undefined) throw new Error('the scene is not set: no test has begun');
    return this.#opened;
  }
}
