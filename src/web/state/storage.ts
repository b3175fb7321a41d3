/** Small things that the browser remembers for this page; where it forbids that, they last as long as the page. */
export class Storage {
  readonly #held = new Map<string, string>();

  get(name: string): string | null {
    try {
      // What didn't fit in is newer than what is there.
      return this.#held.get(name) ?? localStorage.getItem(key(name));
    } catch {
      return null;
    }
  }

  /** What is remembered is still there after a reload. */
  get lasts(): boolean {
    try {
      localStorage.setItem(key('probe'), '');
      localStorage.removeItem(key('probe'));
      return true;
    } catch {
      return false;
    }
  }

  set(name: string, value: string | null): void {
    this.#held.delete(name);
    try {
      if (value === null) localStorage.removeItem(key(name));
      else localStorage.setItem(key(name), value);
    } catch {
      if (value !== null) this.#held.set(name, value);
    }
  }
}

const key = (name: string) => `papo.${name}`;
