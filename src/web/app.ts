import { Dialogs } from './state/dialogs.ts';
import { Preferences } from './state/preferences.ts';
import { Place } from './state/route.ts';
import { Session } from './state/session.ts';
import { Storage } from './state/storage.ts';
import { Toasts } from './state/toasts.ts';
import { Updates } from './state/updates.ts';

/** The page's parts, and the only place where they are made. */
export class App {
  readonly storage = new Storage();
  readonly preferences = new Preferences(this.storage);
  readonly place = new Place();
  readonly session = new Session(this.storage);
  readonly dialogs = new Dialogs();
  readonly toasts = new Toasts();
  readonly updates = new Updates();

  constructor() {
    if (import.meta.env.PROD) void this.#watchForNewVersion();
  }

  /** Without a service worker (a plain HTTP address in a LAN, private mode) the page is as good, but for being offline. */
  async #watchForNewVersion(): Promise<void> {
    const { newVersion, reload } = this.preferences.words.value;
    await this.updates
      .watch(run => this.toasts.show(newVersion, { label: reload, run }))
      .catch(() => undefined);
  }
}
