/** A mark on its way: how far it shall go, which may grow meanwhile. */
interface Marking {
  seq: number;
  done: Promise<void>;
}

/** Tells the server how far the user has read, one request a room at a time. */
export class ReadMarks {
  readonly #tell: (room: string, seq: number) => Promise<unknown>;
  readonly #underWay = new Map<string, Marking>();

  constructor(tell: (room: string, seq: number) => Promise<unknown>) {
    this.#tell = tell;
  }

  /** Resolves once the mark is at `seq` or beyond. */
  mark(room: string, seq: number): Promise<void> {
    const marking = this.#underWay.get(room) ?? this.#begin(room);
    marking.seq = Math.max(marking.seq, seq);
    return marking.done;
  }

  #begin(room: string): Marking {
    const marking: Marking = { seq: 0, done: Promise.resolve() };
    marking.done = Promise.resolve().then(() => this.#follow(room, marking));
    this.#underWay.set(room, marking);
    return marking;
  }

  async #follow(room: string, marking: Marking): Promise<void> {
    try {
      for (let told = 0; told < marking.seq; ) {
        told = marking.seq;
        await this.#tell(room, told);
      }
    } finally {
      // At once: who comes a moment later begins anew.
      this.#underWay.delete(room);
    }
  }
}
