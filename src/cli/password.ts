/** A password for a command: typed, or on standard input. Never an argument: those stand in lists of processes. */
import process from 'node:process';
import { type Input, type Output, Terminal } from './chat/terminal.ts';

/** No password is as long. */
const maxLineLength = 4_096;

/** @throws when there is none, or when two were typed that differ. */
export async function readPassword(
  username: string,
  input: Input = process.stdin,
  // Standard output is for the outcome.
  screen: Output = process.stderr,
): Promise<string> {
  return input.isTTY ? askTwice(username, new Terminal(input, screen)) : readLine(input);
}

async function askTwice(username: string, terminal: Terminal): Promise<string> {
  try {
    const password = await terminal.askSecret(`New password for ${username}: `);
    if (!password) throw new Error('no password was typed');
    if ((await terminal.askSecret('The same once more: ')) !== password) {
      throw new Error('these were two different passwords');
    }
    return password;
  } finally {
    terminal.close();
  }
}

async function readLine(input: Input): Promise<string> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n') || text.length > maxLineLength) break;
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw new Error('no password came on standard input');
  return line;
}
