import { Dialogs } from './state/dialogs.ts';
import { Place } from './state/route.ts';
import { Preferences } from './state/preferences.ts';
import { Session } from './state/session.ts';
import { Storage } from './state/storage.ts';
import { Toasts } from './state/toasts.ts';

/** The page's parts, and the only place where they are made. */
export class App {
  readonly storage = new Storage();
  readonly preferences = new Preferences(this.storage);
  readonly place = new Place();
  readonly session = new Session(this.storage);
  readonly dialogs = new Dialogs();
  readonly toasts = new Toasts();
}
