/** The last changes of a room, as Deltas and as frames: for those who come in while it is busy, or come back soon. */
import { limits } from '../../contract/limits.ts';
import type { Delta } from '../../contract/objects.ts';
import { jsonBytes } from '../store/answer-size.ts';
import { type Change, changesOf, partOf } from '../store/changes.ts';
import { textFrame } from './frame.ts';

/** `delta` has every row; `frame` is what is shown of them. */
type Remembered = { delta: Delta; frame: Buffer; bytes: number };

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
    const bytes = frame.length + (isCrowded(delta) ? jsonBytes(delta.members) : 0);
    this.#remembered.push({ delta, frame, bytes });
    this.#bytes += bytes;
    this.#trim(someoneIsHeld);
    return frame;
  }

  /** Whether every change above version `after` up to version `upTo` is remembered. */
  remembers(after: number, upTo: number): boolean {
    const [first, last] = [this.#remembered[0], this.#remembered.at(-1)];
    return (
      first !== undefined && last !== undefined && first.delta.from <= after + 1 && last.delta.version >= upTo
    );
  }

  /** The frames that lead from version `after` to version `upTo`. The tail must reach back to `after + 1`. */
  frames(after: number, upTo: number): Buffer[] {
    return this.#remembered
      .filter(({ delta }) => delta.version > after && delta.from <= upTo)
      .map(({ delta, frame }) => {
        const part = partOf(delta, after + 1, upTo);
        return part === delta ? frame : changeFrame(part);
      });
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
    while (tooMuch()) this.#bytes -= this.#remembered.shift()?.bytes ?? this.#bytes;
  }
}

/** Whether so many are in the room that it isn't told who comes and goes. */
export function isCrowded(delta: Delta): boolean {
  return (delta.memberCount ?? 0) > limits.maxMembersTold;
}

/** A Delta as it is shown: of a crowded room's members how many they are, and by name only who owns the room now. */
export function changeFrame(delta: Delta): Buffer {
  return textFrame(JSON.stringify({ event: 'change', ...(isCrowded(delta) ? withoutCrowd(delta) : delta) }));
}

function withoutCrowd({ members = [], ...rest }: Delta): Delta {
  const owners = members.filter(({ role }) => role === 'owner');
  return owners.length > 0 ? { ...rest, members: owners } : rest;
}
