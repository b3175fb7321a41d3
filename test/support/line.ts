/** A network of one line, in this process: bytes travel when the test lets them, and are lost when it cuts the line. */
import { Duplex } from 'node:stream';

/** One end; what is written here waits for {@link End.pass}. */
class End extends Duplex {
  readonly waiting: Buffer[] = [];
  peer: End | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.waiting.push(chunk);
    taken();
  }

  override _final(done: () => void): void {
    this.pass(Number.POSITIVE_INFINITY);
    this.peer?.push(null);
    done();
  }

  /** Hands over what was written, `count` pieces of it. */
  pass(count: number): void {
    for (const chunk of this.waiting.splice(0, count)) this.peer?.push(chunk);
  }

  // Of what sockets have besides, HTTP asks for this much.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
}

export class Line {
  readonly client = new End();
  readonly server = new End();
  /** Whether bytes travel by themselves. */
  #isOpen = true;

  constructor() {
    this.client.peer = this.server;
    this.server.peer = this.client;
    for (const end of [this.client, this.server]) {
      const write = end._write.bind(end);
      end._write = (chunk, encoding, taken) => {
        write(chunk, encoding, taken);
        // Never at once: a network doesn't answer within the call that sends.
        if (this.#isOpen) setImmediate(() => end.pass(this.#isOpen ? 1 : 0));
      };
      end.on('error', () => {});
    }
  }

  /** From here on, bytes wait. */
  hold(): void {
    this.#isOpen = false;
  }

  /** Bytes travel by themselves again, those that waited first. */
  open(): void {
    this.#isOpen = true;
    this.client.pass(Number.POSITIVE_INFINITY);
    this.server.pass(Number.POSITIVE_INFINITY);
  }

  /** What is on its way is lost. */
  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }
}
