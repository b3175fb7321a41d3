/** WebSocket frames at the least cost: a load generator that parses JSON would measure itself. */
import { randomFillSync } from 'node:crypto';
import type { Delta } from '../src/contract/objects.ts';

const final = 0x80;
const masked = 0x80;
const maskBytes = 4;

export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** A frame as clients send it, masked once, ahead of time. */
export function clientFrame(payload: string | Buffer, opcode: number = opcodes.text): Buffer {
  const body = Buffer.from(payload);
  const header = frameHeader(body.length, opcode, masked);
  const mask = randomFillSync(Buffer.allocUnsafe(maskBytes));
  for (let at = 0; at < body.length; at += 1) body[at] = byte(body, at) ^ byte(mask, at % maskBytes);
  return Buffer.concat([header, mask, body]);
}

/** A frame as servers send it. */
export function serverFrame(payload: string): Buffer {
  const body = Buffer.from(payload);
  return Buffer.concat([frameHeader(body.length, opcodes.text, 0), body]);
}

function frameHeader(length: number, opcode: number, mask: number): Buffer {
  if (length <= 125) return Buffer.from([final | opcode, mask | length]);
  if (length <= 0xffff) return Buffer.from([final | opcode, mask | 126, length >> 8, length & 0xff]);
  throw new Error('a benchmark sends no frames beyond 64 KiB');
}

/** @param bytes valid during the call only. The payload is `bytes[start]` to `bytes[end - 1]`, masked if it came so. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

/** Cuts what a socket reads into frames. None of ours is fragmented. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame whose end hasn't come yet. */
  #rest: Buffer | undefined;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const start = payloadStart(bytes, at);
      const end = start + payloadLength(bytes, at);
      if (at + 2 > bytes.length || start > bytes.length || end > bytes.length) break;
      this.#onFrame(byte(bytes, at) & 0x0f, bytes, start, end);
      at = end;
    }
    // Copied: the chunk's memory is used again for the next read.
    this.#rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined;
  }
}

function payloadStart(bytes: Buffer, at: number): number {
  const length = byte(bytes, at + 1);
  const lengthBytes = (length & 0x7f) < 126 ? 0 : (length & 0x7f) === 126 ? 2 : 8;
  return at + 2 + lengthBytes + (length & masked ? maskBytes : 0);
}

function payloadLength(bytes: Buffer, at: number): number {
  const length = byte(bytes, at + 1) & 0x7f;
  if (length < 126) return length;
  if (length === 126) return (byte(bytes, at + 2) << 8) | byte(bytes, at + 3);
  // The upper half of 64 bits is 0 in any frame there can be.
  return at + 10 <= bytes.length ? bytes.readUInt32BE(at + 6) : 0;
}

/** Where the fields of a `change` with one message stand, taken from one. */
const layout = (() => {
  const room = '01234567-89ab-7cde-8f01-23456789abcd';
  const delta: Pick<Delta, 'room' | 'from' | 'version'> = { room, from: 1, version: 2 };
  const text = JSON.stringify({ event: 'change', ...delta, messages: [{ id: room }] });
  return {
    roomTail: text.indexOf(room) + room.length - 8,
    from: text.indexOf('1,"version"'),
    toVersion: ',"version":'.length,
    toIdTail: ',"messages":[{"id":"'.length + room.length - 8,
  };
})();

/**
 * What the generator needs of a `change`, read from where it must stand. A server that encodes it otherwise is found
 * out by the checks of every run: nothing would add up.
 */
export class ChangeReader {
  /** The last 32 bits of the room's id. */
  roomTail = 0;
  from = 0;
  version = 0;
  /** The last 32 bits of the first message's id. */
  idTail = 0;
  #at = 0;

  read(bytes: Buffer, start: number): void {
    this.roomTail = this.#hex8(bytes, start + layout.roomTail);
    this.#at = start + layout.from;
    this.from = this.#integer(bytes);
    this.#at += layout.toVersion;
    this.version = this.#integer(bytes);
    this.idTail = this.#hex8(bytes, this.#at + layout.toIdTail);
  }

  #integer(bytes: Buffer): number {
    let value = 0;
    for (let digit = byte(bytes, this.#at) - 0x30; digit >= 0 && digit <= 9; ) {
      value = value * 10 + digit;
      this.#at += 1;
      digit = byte(bytes, this.#at) - 0x30;
    }
    return value;
  }

  #hex8(bytes: Buffer, at: number): number {
    let value = 0;
    for (let place = at; place < at + 8; place += 1) {
      const code = byte(bytes, place);
      value = value * 16 + (code <= 0x39 ? code - 0x30 : code - 0x57);
    }
    return value;
  }
}

/** The last 32 bits of an id, as a {@link ChangeReader} reads them. */
export function tailOf(id: string): number {
  return Number.parseInt(id.slice(-8), 16);
}

/** An id that ends in a number of our choice: from a UUID, whose other bits stay as they are. */
export function idWithTail(uuid: string, tail: number): string {
  return uuid.slice(0, -8) + tail.toString(16).padStart(8, '0');
}

const eventStart = '{"event":"'.length;
const answerStart = '{"ref":'.length;
const [letterC, letterE, letterR, letterO, comma] = ['c', 'e', 'r', 'o', ','].map(letter =>
  letter.charCodeAt(0),
) as [number, number, number, number, number];

export function isChange(bytes: Buffer, start: number): boolean {
  return byte(bytes, start + 2) === letterE && byte(bytes, start + eventStart) === letterC;
}

/** An answer to a request whose `ref` is a number. */
export function isAnswer(bytes: Buffer, start: number): boolean {
  return byte(bytes, start + 2) === letterR;
}

/** Whether an answer says that what was asked has happened: `{"ref":1,"output":…` rather than `"error"`. */
export function isOutput(bytes: Buffer, start: number): boolean {
  let at = start + answerStart;
  while (byte(bytes, at) !== comma && at < bytes.length) at += 1;
  return byte(bytes, at + 2) === letterO;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
