import { type ReadonlySignal, signal } from '@preact/signals';

export interface Toast {
  readonly id: number;
  readonly text: string;
  /** What can be done about it; one with an action stays until it is done or put away. */
  readonly action?: { label: string; run: () => void };
}

/** News are shown for as long as it takes to read them, and to notice them first. */
const minShownMs = 5_000;
const shownPerCharacterMs = 80;
const maxShown = 3;

/** Short news at the edge of the page. */
export class Toasts {
  readonly #toasts = signal<readonly Toast[]>([]);
  #nextId = 1;

  get all(): ReadonlySignal<readonly Toast[]> {
    return this.#toasts;
  }

  /** What is shown already is shown anew, not twice. @returns its id. */
  show(text: string, action?: Toast['action']): number {
    const id = this.#nextId++;
    // Only looked at: whoever shows one in an effect must not be run again by the next.
    const others = this.#toasts.peek().filter(toast => toast.text !== text);
    const all = [...others, { id, text, ...(action && { action }) }];
    // News go by; what can be done about something stays, the latest of it.
    const lasting = all.filter(toast => toast.action).slice(-maxShown);
    const passing = all.filter(toast => !toast.action).slice(-maxShown);
    this.#toasts.value = [...lasting, ...passing];
    if (!action) setTimeout(() => this.dismiss(id), Math.max(minShownMs, text.length * shownPerCharacterMs));
    return id;
  }

  dismiss(id: number): void {
    this.#toasts.value = this.#toasts.value.filter(toast => toast.id !== id);
  }
}
