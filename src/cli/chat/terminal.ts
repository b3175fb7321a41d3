import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { columnsOf, printable } from './printable.ts';

/** Where the conversation is shown. Only what is harmless gets through: see printable.ts. */
export interface Screen {
  /** Shows a line above the one being typed. */
  print(line: string, style?: 'plain' | 'notice'): void;
  /** What stands before the line being typed. */
  prompt(text: string): void;
  /** Takes the line that was just typed off the screen: it is shown again in its place in the conversation. */
  eraseTyped(line: string): void;
}

/** The part of `process.stdin` and `process.stdout` that is used here. */
export type Input = NodeJS.ReadableStream & { isTTY?: boolean; unref?(): void };
export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** Standard input and output: a terminal whose input line stays intact, or pipes. */
export class Terminal implements Screen {
  readonly isInteractive: boolean;
  readonly #input: Input;
  readonly #output: Output;
  #reader: Interface | undefined;
  #prompt = '';

  constructor(input: Input, output: Output) {
    this.#input = input;
    this.#output = output;
    this.isInteractive = Boolean(input.isTTY && output.isTTY);
  }

  print(line: string, style: 'plain' | 'notice' = 'plain'): void {
    const safe = printable(line);
    const text = style === 'notice' ? styleText('dim', safe, { stream: this.#output }) : safe;
    const reader = this.isInteractive ? this.#reader : undefined;
    if (!reader) {
      this.#output.write(`${text}\n`);
      return;
    }
    const { rows } = reader.getCursorPos();
    this.#clearRows(rows);
    // Redrawing begins by going up as many rows as the typed line had.
    this.#output.write(`${text}\n${'\n'.repeat(rows)}`);
    reader.prompt(true);
  }

  prompt(text: string): void {
    const safe = printable(text);
    if (!this.isInteractive || safe === this.#prompt) return;
    this.#prompt = safe;
    this.#reader?.setPrompt(safe);
    this.#reader?.prompt(true);
  }

  eraseTyped(line: string): void {
    if (!this.isInteractive) return;
    const width = columnsOf(this.#prompt) + columnsOf(line);
    this.#clearRows(1 + Math.floor(Math.max(0, width - 1) / (this.#output.columns ?? 80)));
  }

  /** The lines that are typed, until the end of input, Ctrl-C or `close`. */
  async *lines(): AsyncGenerator<string> {
    const reader = createInterface({
      input: this.#input,
      ...(this.isInteractive ? { output: this.#output, prompt: this.#prompt } : {}),
      terminal: this.isInteractive,
      historySize: 100,
    });
    this.#reader = reader;
    reader.on('SIGINT', () => reader.close());
    reader.on('close', () => {
      this.#reader = undefined;
    });
    if (this.isInteractive) reader.prompt();
    try {
      for await (const line of reader) {
        yield line;
        if (this.isInteractive) this.#reader?.prompt(true);
      }
    } finally {
      // What is printed from here on begins where the prompt stood.
      if (this.isInteractive) this.#clearRows(reader.getCursorPos().rows);
      reader.close();
    }
  }

  /** Asks without showing what is typed. `undefined`: no answer. */
  async askSecret(question: string): Promise<string | undefined> {
    const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input: this.#input, output: silence, terminal: true });
    const answer = await new Promise<string | undefined>(resolve => {
      reader.on('line', resolve);
      reader.on('SIGINT', () => reader.close());
      reader.on('close', () => resolve(undefined));
      // Only now does the terminal not echo: what answers at once must not be shown either.
      this.#output.write(question);
    });
    reader.close();
    this.#output.write('\n');
    return answer;
  }

  close(): void {
    this.#reader?.close();
    this.#input.unref?.();
  }

  #clearRows(rows: number): void {
    moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
  }
}
