/** The last changes of a room, as Deltas and as frames: for those who come in while it is busy, or come back soon. */
import type { Delta } from '../../contract/objects.ts';
import { type Change, changesOf } from '../store/changes.ts';
import { textFrame } from './frame.ts';

type Remembered = { delta: Delta; frame: Buffer };

export const tailLimits = {
  maxChanges: 256,
  maxBytes: 256 * 1024,
  /** While somebody is on the way in, what they will need is kept up to this. */
  maxHeldBytes: 512 * 1024,
} as const;

export class RoomTail {
  #remembered: Remembered[] = [];
  #bytes = 0;

  /** @returns the Delta as a frame, encoded once for everyone. */
  push(delta: Delta, someoneIsHeld: boolean): Buffer {
    const frame = changeFrame(delta);
    this.#remembered.push({ delta, frame });
    this.#bytes += frame.length;
    this.#trim(someoneIsHeld);
    return frame;
  }

  /** The first version that is remembered; undefined when none is. */
  get from(): number | undefined {
    return this.#remembered[0]?.delta.from;
  }

  /** The frames that lead from version `after` to version `upTo`. The tail must reach back to `after + 1`. */
  frames(after: number, upTo: number): Buffer[] {
    return this.#remembered
      .filter(({ delta }) => delta.version > after && delta.from <= upTo)
      .map(({ delta, frame }) => (delta.from > after ? frame : changeFrame(startingAt(delta, after + 1))));
  }

  /** The rows that changed above version `after`, up to version `upTo`. */
  changes(after: number, upTo: number): Change[] {
    return this.#remembered
      .filter(({ delta }) => delta.version > after && delta.from <= upTo)
      .flatMap(({ delta }) => changesOf(delta))
      .filter(change => change.version > after && change.version <= upTo);
  }

  clear(): void {
    this.#remembered = [];
    this.#bytes = 0;
  }

  #trim(someoneIsHeld: boolean): void {
    const tooMuch = () =>
      someoneIsHeld
        ? this.#bytes > tailLimits.maxHeldBytes
        : this.#remembered.length > tailLimits.maxChanges || this.#bytes > tailLimits.maxBytes;
    while (tooMuch()) this.#bytes -= this.#remembered.shift()?.frame.length ?? this.#bytes;
  }
}

/** The part of a Delta from version `from` on. */
export function startingAt(delta: Delta, from: number): Delta {
  return {
    ...delta,
    from,
    ...(delta.messages && { messages: delta.messages.filter(message => message.version >= from) }),
    ...(delta.members && { members: delta.members.filter(member => member.version >= from) }),
  };
}

export function changeFrame(delta: Delta): Buffer {
  return textFrame(JSON.stringify({ event: 'change', ...delta }));
}
