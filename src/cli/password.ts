/** A password for a command: typed, or on standard input. Never an argument: those stand in lists of processes. */
import process from 'node:process';
import { Terminal } from './chat/terminal.ts';

/** No password is as long. */
const maxLineLength = 4_096;

/** @throws when there is none, or when two were typed that differ. */
export async function readPassword(username: string): Promise<string> {
  return process.stdin.isTTY ? askTwice(username) : readLine();
}

async function askTwice(username: string): Promise<string> {
  // Standard output is for the outcome.
  const terminal = new Terminal(process.stdin, process.stderr);
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

async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n') || text.length > maxLineLength) break;
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw new Error('no password came on standard input');
  return line;
}
