/** The program embedded-server.ts, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Report, ServerOptions } from './embedded-server.ts';
import { within } from './waiting.ts';

const program = fileURLToPath(import.meta.resolve('./embedded-server.ts'));
const startTimeoutMs = 180_000;

export class EmbeddedProcess {
  readonly pid: number;
  /** What became of its start. */
  readonly started: Promise<Report>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(options: ServerOptions, user?: { uid: number; gid: number }) {
    // In a process group of its own: the signals of a terminal are not meant for it.
    this.#child = spawn(process.execPath, [program, JSON.stringify(options)], {
      ...user,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.pid === undefined) throw new Error(`can't start ${process.execPath}`);
    this.pid = this.#child.pid;
    // Not 'exit': its last words may still be on their way.
    this.#ended = once(this.#child, 'close').then(() => {});
    const silence = this.#ended.then(() => Promise.reject(new Error('it ended without a word')));
    this.started = within(
      'an embedded PostgreSQL starts',
      Promise.race([this.#report(), silence]),
      startTimeoutMs,
    );
    // Whoever kills it while it starts doesn't wait for it.
    this.started.catch(() => {});
  }

  /** Has it stop its PostgreSQL and end. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    await within('its program ends', this.#ended);
  }

  /** Ends it as a crash would; its PostgreSQL isn't told. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await within('its program ends', this.#ended);
  }

  /** It no longer keeps this process alive; when this one ends, so does the other. */
  unref(): void {
    this.#child.unref();
    // Pipes to a child are sockets, whatever their types say.
    for (const pipe of [this.#child.stdin, this.#child.stdout]) (pipe as Socket | null)?.unref();
  }

  async #report(): Promise<Report> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('it has no standard output');
    const [line] = await once(createInterface({ input: stdout }), 'line');
    return JSON.parse(line);
  }
}
