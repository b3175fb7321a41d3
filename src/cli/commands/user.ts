import type { Command } from 'commander';
import { printable } from '../chat/printable.ts';
import { withOperator } from '../database.ts';
import { say } from '../output.ts';
import { readPassword } from '../password.ts';

type ToJson = { json?: boolean };

const passwordHelp = `
The password is typed twice, without being shown. Where there is no terminal, it is the first line of standard input.`;
const serverHelp = '\nA server that runs closes their connections within two seconds.';

export function addUser(program: Command): void {
  const command = program
    .command('user')
    .description('look after accounts and administrators, also while the server runs');
  command
    .command('list')
    .description('accounts by username')
    .argument('[name]', 'only those whose username or display name begins so')
    .option('--json', 'one line of JSON for each')
    .addHelpText('after', '\nExample:\n  papo user list --json | grep \'"administrator":true\'')
    .action(async (name: string | undefined, { json }: ToJson) => {
      await withOperator(async operator => {
        for await (const account of operator.accounts(name)) {
          const { user, administrator, disabledAt } = account;
          const marks = [administrator && 'administrator', disabledAt && `disabled since ${disabledAt}`];
          const words = [user.username.padEnd(32), printable(user.displayName), ...marks];
          say(json, account, words.filter(Boolean).join('  '));
        }
      });
    });
  command
    .command('create')
    .description('make an account')
    .argument('<name>', 'what they sign in with')
    .option('--administrator', 'they may look after accounts')
    .option('--display-name <text>', 'what others see; the name if it is left out')
    .option('--json', 'say who was made as JSON')
    .addHelpText('after', `${passwordHelp}\n\nExample:\n  papo user create ana --administrator`)
    .action(async (username: string, options: ToJson & { administrator?: boolean; displayName?: string }) => {
      const { administrator = false, displayName } = options;
      const password = await readPassword(username);
      const user = await withOperator(async operator => {
        const made = await operator.createUser({ username, password, displayName });
        if (administrator) await operator.promote(made.username);
        return made;
      });
      const text = `${user.username} can sign in${administrator ? ', and is an administrator' : ''}`;
      say(options.json, { user, administrator }, text);
    });
  command
    .command('password')
    .description('give an account another password, and end all its logins')
    .argument('<name>')
    .addHelpText(
      'after',
      `${passwordHelp}${serverHelp}\n\nExample:\n  papo user password ana < new-password.txt`,
    )
    .action(async (username: string) => {
      const password = await readPassword(username);
      await withOperator(operator => operator.changePassword(username, password));
      say(false, {}, `${username} has another password, and is signed out everywhere`);
    });
  command
    .command('disable')
    .description('let somebody sign in no more, and end all their logins; their messages and rooms stay')
    .argument('<name>')
    .addHelpText('after', `${serverHelp}\n\nExample:\n  papo user disable bruno`)
    .action((username: string) =>
      withOperator(async operator => {
        await operator.disable(username);
        say(false, {}, `${username} can't sign in any more`);
        await tellIfNobodyIsLeft(operator);
      }),
    );
  command
    .command('enable')
    .description('let somebody sign in again who was disabled')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  papo user enable bruno')
    .action(async (username: string) => {
      await withOperator(operator => operator.enable(username));
      say(false, {}, `${username} can sign in`);
    });
  command
    .command('promote')
    .description('make somebody an administrator, at once')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  papo user promote ana')
    .action(async (username: string) => {
      await withOperator(operator => operator.promote(username));
      say(false, {}, `${username} is an administrator`);
    });
  command
    .command('demote')
    .description('make an administrator a user like the others, at once')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  papo user demote bruno')
    .action((username: string) =>
      withOperator(async operator => {
        await operator.demote(username);
        say(false, {}, `${username} is no administrator`);
        await tellIfNobodyIsLeft(operator);
      }),
    );
  command
    .command('logout')
    .description('end all logins of somebody, who may sign in again')
    .argument('<name>')
    .addHelpText('after', `${serverHelp}\n\nExample:\n  papo user logout bruno`)
    .action(async (username: string) => {
      const ended = await withOperator(operator => operator.logout(username));
      say(false, {}, `${username} is signed out everywhere (logins: ${ended})`);
    });
}

async function tellIfNobodyIsLeft(operator: { hasAdministrator(): Promise<boolean> }): Promise<void> {
  if (await operator.hasAdministrator()) return;
  process.stderr.write(
    'Nobody is an administrator now. `papo user promote` makes one; else the server says how when it starts again.\n',
  );
}
