import { parseArgs } from 'node:util';

export const usage = `Usage: papo chat --user NAME [--register] [--url URL]

Talks in the terminal: what you type is sent, what others say appears.

  -u, --user NAME   who you are
      --register    make the account first
      --url URL     the server (default: http://127.0.0.1:8080)
  -h, --help        this text

The password is asked for, or taken from PAPO_PASSWORD. Inside, /help lists the commands.
`;

export interface Options {
  url: string;
  username: string;
  register: boolean;
}

/** What the command line says; `help` if it asks for help. Throws an Error with one clear line. */
export function readOptions(args: string[]): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      user: { type: 'string', short: 'u' },
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      register: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  if (!values.user) throw new Error('who are you? --user NAME');
  if (!/^https?:$/.test(URL.parse(values.url)?.protocol ?? '')) {
    throw new Error(`--url is not an http address: ${values.url}`);
  }
  return { url: values.url, username: values.user, register: values.register };
}
