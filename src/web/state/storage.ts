/** Small things that the browser remembers for this page; where it forbids that, they last as long as the page. */
export class Storage {
  readonly #held = new Map<string, string>();

  get(name: string): string | null {
    try {
      return localStorage.getItem(key(name));
    } catch {
      return this.#held.get(name) ?? null;
    }
  }

  set(name: string, value: string | null): void {
    try {
      if (value === null) localStorage.removeItem(key(name));
      else localStorage.setItem(key(name), value);
    } catch {
      if (value === null) this.#held.delete(name);
      else this.#held.set(name, value);
    }
  }
}

const key = (name: string) => `papo.${name}`;
