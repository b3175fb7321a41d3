import type { Message } from 'papo/sdk';

/** More are not held: what goes beyond at one end is dropped at the other, and read again when it is wanted. */
const maxHeld = 20_000;

/** A run of a room's messages without a hole: seq by seq, so that a message is found by counting. */
export class MessageWindow {
  #messages: Message[] = [];

  get length(): number {
    return this.#messages.length;
  }

  /** The seq of the first one; 1 for none. */
  get from(): number {
    return this.#messages[0]?.seq ?? 1;
  }

  /** The seq of the last one; 0 for none. */
  get to(): number {
    return this.#messages.at(-1)?.seq ?? 0;
  }

  at(index: number): Message | undefined {
    return this.#messages[index];
  }

  bySeq(seq: number): Message | undefined {
    return this.#messages[seq - this.from];
  }

  last(count: number): readonly Message[] {
    return this.#messages.slice(-count);
  }

  reset(messages: readonly Message[]): void {
    this.#messages = [...messages];
  }

  /** @returns whether it joined what is held. */
  prepend(page: readonly Message[]): boolean {
    if (page.at(-1)?.seq !== this.from - 1) return false;
    this.#messages = [...page, ...this.#messages].slice(0, maxHeld);
    return true;
  }

  /** Takes those that come after what is held. @returns whether there were any. */
  append(page: readonly Message[]): boolean {
    const news = page.filter(({ seq }) => seq > this.to);
    if (news.length === 0 || (this.length > 0 && news[0]?.seq !== this.to + 1)) return false;
    this.#messages.push(...news);
    const excess = this.length - maxHeld;
    if (excess > 0) this.#messages.splice(0, excess);
    return true;
  }

  /** A row that is held, as it is now. @returns whether it is another message than the one held at its place. */
  replace(message: Message): boolean {
    const held = this.bySeq(message.seq);
    if (!held) return false;
    if (message.version > held.version) this.#messages[message.seq - this.from] = message;
    return held.id !== message.id;
  }
}
