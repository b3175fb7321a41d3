import type { Command } from 'commander';
import type { Operator } from '../../server/operations/operator.ts';
import { printable } from '../chat/printable.ts';
import { withOperator } from '../database.ts';
import { isRead, say } from '../output.ts';
import { readPassword } from '../password.ts';
import { addSettingFlags, databaseSettings, settingsIn } from '../setting-flags.ts';

type ToJson = { json?: boolean };

const passwordHelp = `
The password is typed twice, without being shown. Where there is no terminal, it is the first line of standard input.`;
const serverHelp = '\nA server that runs closes their connections within two seconds.';

export function addUser(program: Command): void {
  const command = program
    .command('user')
    .description('look after accounts and administrators, also while the server runs');
  addList(command);
  addCreate(command);
  addPassword(command);
  addDeed(command, 'disable', {
    description: 'lock somebody out, and end all their logins; their messages and rooms stay',
    help: `${serverHelp}\n\nExample:\n  papo user disable bruno`,
    async perform(operator, username) {
      await operator.disable(username);
      say(false, {}, `${username} can't sign in any more`);
      await tellIfNobodyIsLeft(operator);
    },
  });
  addDeed(command, 'enable', {
    description: 'let somebody sign in again who was disabled',
    help: '\nExample:\n  papo user enable bruno',
    async perform(operator, username) {
      await operator.enable(username);
      say(false, {}, `${username} can sign in`);
    },
  });
  addDeed(command, 'promote', {
    description: 'make somebody an administrator, at once',
    help: '\nExample:\n  papo user promote ana',
    async perform(operator, username) {
      await operator.promote(username);
      say(false, {}, `${username} is an administrator`);
    },
  });
  addDeed(command, 'demote', {
    description: 'make an administrator a user like the others, at once',
    help: '\nExample:\n  papo user demote bruno',
    async perform(operator, username) {
      await operator.demote(username);
      say(false, {}, `${username} is no administrator`);
      await tellIfNobodyIsLeft(operator);
    },
  });
  addDeed(command, 'logout', {
    description: 'end all logins of somebody, who may sign in again',
    help: `${serverHelp}\n\nExample:\n  papo user logout bruno`,
    async perform(operator, username) {
      const ended = await operator.logout(username);
      say(false, {}, `${username} is signed out everywhere (logins: ${ended})`);
    },
  });
}

function addList(parent: Command): void {
  const command = parent
    .command('list')
    .description('accounts by username')
    .argument('[name]', 'only those whose username or display name begins so')
    .option('--json', 'one line of JSON for each')
    .addHelpText('after', '\nExample:\n  papo user list --json | grep \'"administrator":true\'');
  addSettingFlags(command, databaseSettings).action(async (name: string | undefined, options: ToJson) => {
    await withOperator(settingsIn(options), async operator => {
      for await (const account of operator.accounts(name)) {
        const { user, administrator, disabledAt } = account;
        const marks = [administrator && 'administrator', disabledAt && `disabled since ${disabledAt}`];
        const words = [user.username.padEnd(32), printable(user.displayName), ...marks];
        say(options.json, account, words.filter(Boolean).join('  '));
        if (!isRead()) break;
      }
    });
  });
}

function addCreate(parent: Command): void {
  const command = parent
    .command('create')
    .description('make an account')
    .argument('<name>', 'what they sign in with')
    .option('--administrator', 'they may look after accounts')
    .option('--display-name <text>', 'what others see; the name if it is left out')
    .option('--json', 'say who was made as JSON')
    .addHelpText('after', `${passwordHelp}\n\nExample:\n  papo user create ana --administrator`);
  addSettingFlags(command, databaseSettings).action(
    async (username: string, options: ToJson & { administrator?: boolean; displayName?: string }) => {
      const { administrator = false, displayName } = options;
      const password = await readPassword(username);
      const user = await withOperator(settingsIn(options), async operator => {
        const made = await operator.createUser({ username, password, displayName });
        if (administrator) await operator.promote(made.username);
        return made;
      });
      const text = `${user.username} can sign in${administrator ? ', and is an administrator' : ''}`;
      say(options.json, { user, administrator }, text);
    },
  );
}

function addPassword(parent: Command): void {
  const command = parent
    .command('password')
    .description('give an account another password, and end all its logins')
    .argument('<name>')
    .addHelpText(
      'after',
      `${passwordHelp}${serverHelp}\n\nExample:\n  papo user password ana < new-password.txt`,
    );
  addSettingFlags(command, databaseSettings).action(async (username: string, options: object) => {
    const password = await readPassword(username);
    await withOperator(settingsIn(options), operator => operator.changePassword(username, password));
    say(false, {}, `${username} has another password, and is signed out everywhere`);
  });
}

/** Something that is done to one account, and said when it is done. */
type Deed = {
  description: string;
  help: string;
  perform(operator: Operator, username: string): Promise<void>;
};

function addDeed(parent: Command, name: string, { description, help, perform }: Deed): void {
  const command = parent.command(name).description(description).argument('<name>').addHelpText('after', help);
  addSettingFlags(command, databaseSettings).action((username: string, options: object) =>
    withOperator(settingsIn(options), operator => perform(operator, username)),
  );
}

async function tellIfNobodyIsLeft(operator: Operator): Promise<void> {
  if (await operator.hasAdministrator()) return;
  process.stderr.write(
    'Nobody is an administrator now. `papo user promote` makes one; else the server says how when it starts again.\n',
  );
}
