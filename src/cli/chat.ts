/** `papo chat`: talking in a terminal. Built on the SDK alone. */
import process from 'node:process';
import { ChatClient, login, register } from '../sdk/index.ts';
import { perform } from './chat/commands.ts';
import { Conversation, counted } from './chat/conversation.ts';
import { type Options, readOptions, usage } from './chat/options.ts';
import { printable } from './chat/printable.ts';
import { Terminal } from './chat/terminal.ts';

/** A socket whose server is gone must not keep the process. */
const exitTimeoutMs = 2_000;

/** @returns the exit code. */
export async function chat(args: string[]): Promise<number> {
  const code = await chatOrComplain(args);
  setTimeout(() => process.exit(), exitTimeoutMs).unref();
  return code;
}

async function chatOrComplain(args: string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = readOptions(args);
  } catch (error) {
    return complain(error, 2);
  }
  if (options === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  // Whoever reads our output may stop reading (`| head`): then there is nobody left to talk to.
  process.stdout.on('error', () => process.exit(0));
  const terminal = new Terminal(process.stdin, process.stdout);
  try {
    const password = process.env['PAPO_PASSWORD'] ?? (await askPassword(terminal, options));
    return await talk(terminal, options, password);
  } catch (error) {
    return complain(error, 1);
  } finally {
    terminal.close();
  }
}

async function askPassword(terminal: Terminal, { username, register }: Options): Promise<string> {
  if (!terminal.isInteractive) throw new Error('no terminal to ask for the password on: set PAPO_PASSWORD');
  const password = await terminal.askSecret(`Password for ${username}: `);
  if (!password) throw new Error('no password, no chat');
  if (register && (await terminal.askSecret('The same once more: ')) !== password) {
    throw new Error('these were two different passwords');
  }
  return password;
}

async function talk(terminal: Terminal, options: Options, password: string): Promise<number> {
  const { url, username } = options;
  const account = { username, password };
  const grant = await (options.register ? register(url, account) : login(url, account));
  const client = new ChatClient({ url, grant });
  const chat = new Conversation(client, terminal);
  client.on('state', ({ name }) => name === 'closed' && terminal.close());
  try {
    await client.connect();
    chat.notice(`signed in as ${grant.user.username} · /help lists the commands`);
    await perform(chat, '/rooms');
    await chat.enterAny();
    for await (const line of terminal.lines()) {
      if (!line.startsWith('/') || line.startsWith('//')) terminal.eraseTyped(line);
      const verdict = await perform(chat, line).catch(error => chat.fail(error));
      if (verdict === 'quit') break;
    }
    const undecided = await chat.decided();
    if (client.state.name === 'closed') return 1;
    if (undecided > 0) throw new Error(`${counted(undecided, 'message')} not acknowledged`);
    return 0;
  } finally {
    client.close();
  }
}

function complain(error: unknown, code: number): number {
  const detail = error instanceof Error ? error.message : String(error);
  const [line = ''] = detail.split('\n');
  process.stderr.write(`papo chat: ${printable(line)}\n`);
  if (code === 2) process.stderr.write('papo chat: --help tells more\n');
  return code;
}
