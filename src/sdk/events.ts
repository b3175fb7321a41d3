type Listener<E> = (event: E) => unknown;

/** Typed events. A listener that throws, or whose promise rejects, is reported and disturbs neither the others nor the emitter. */
export class Emitter<Events extends object> {
  readonly #listeners: { [K in keyof Events]?: Set<Listener<Events[K]>> } = {};
  readonly #onThrow: (thrown: unknown, event: keyof Events) => void;

  constructor(onThrow: (thrown: unknown, event: keyof Events) => void) {
    this.#onThrow = onThrow;
  }

  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    const listeners: Set<Listener<Events[K]>> = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch(thrown => this.#onThrow(thrown, name));
      } catch (thrown) {
        this.#onThrow(thrown, name);
      }
    }
  }
}
