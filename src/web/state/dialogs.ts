import { type ReadonlySignal, signal } from '@preact/signals';

/** What can be open above the page; one at a time. */
export type DialogName =
  | 'switcher'
  | 'new-room'
  | 'browse'
  | 'new-direct'
  | 'room'
  | 'settings'
  | 'keys'
  | 'people';

export class Dialogs {
  readonly #open = signal<DialogName | undefined>(undefined);

  get current(): ReadonlySignal<DialogName | undefined> {
    return this.#open;
  }

  open(name: DialogName): void {
    this.#open.value = name;
  }

  close(): void {
    this.#open.value = undefined;
  }
}
