/**
 * Lines for whoever reads standard output. A pipe that nobody empties would block the process, or grow in its memory; a
 * full disk or a reader that is gone would end it. None of them is a reason to stop serving: then lines are dropped and
 * counted, and the log tells how many as soon as it is read again.
 */
import type { Writable } from 'node:stream';

/** What waits for the reader at most. */
const maxWaitingBytes = 1024 * 1024;
/** As pino numbers it. */
const warnLevel = 40;

export class LogOutput {
  readonly #stream: Writable;
  readonly #format: (line: string) => string;
  #dropped = 0;

  /** @param stream which doesn't block: standard output doesn't, once Node has made a stream of it. */
  constructor(stream: Writable, format: (line: string) => string) {
    this.#stream = stream;
    this.#format = format;
    stream.on('drain', () => this.#confess());
    // A listener, so that EPIPE and ENOSPC don't end the process; whose lines were lost is known by the callback of write.
    stream.on('error', () => {});
  }

  write(line: string): void {
    if (this.#stream.writableLength > maxWaitingBytes) {
      this.#dropped += 1;
      return;
    }
    this.#confess();
    this.#put(line);
  }

  /** Resolves when nothing waits any more, or after that time. */
  async written(timeoutMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const late = setTimeout(resolve, timeoutMs);
      // Comes after all that was written before; also when it fails.
      this.#stream.write('', () => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  #confess(): void {
    if (this.#dropped === 0) return;
    const msg = `${this.#dropped} lines of the log were dropped: nobody read them in time`;
    this.#dropped = 0;
    this.#put(`${JSON.stringify({ level: warnLevel, time: Date.now(), msg })}\n`);
  }

  #put(line: string): void {
    this.#stream.write(this.#format(line), error => {
      if (error) this.#dropped += 1;
    });
  }
}
