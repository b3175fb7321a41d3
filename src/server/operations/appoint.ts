/** An administrator from the first moment: named by the environment. */
import type { User } from '../../contract/objects.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Administration } from '../store/administration.ts';
import type { Credentials, Users } from '../store/users.ts';
import type { Passwords } from './passwords.ts';

type Parts = { users: Users; administration: Administration; passwords: Passwords; log: Logger };

/**
 * Makes the named user an administrator, at each start anew.
 *
 * Names are free to everyone: when the account is there already, though it was to be made with a password, it is believed
 * to be the operator's only if it has that password.
 * @throws a sentence when there is no such user, and no password to make one with: whoever registered the name after
 * such a start would be an administrator from the next one on.
 */
export async function appointAdministrator(named: Config['administrator'], parts: Parts): Promise<void> {
  if (named === undefined) return;
  const { users, administration, passwords, log } = parts;
  const { username, password } = named;
  const known = await users.credentials(username);
  const user = known?.user ?? (await makeAccount());
  if (await administration.isAdministrator(user.id)) return;
  if (known !== undefined && !(await isTheOperators(known))) {
    log.warn(
      `PAPO_ADMIN: ${username} has another password than PAPO_ADMIN_PASSWORD, and is not made an administrator`,
    );
    return;
  }
  await administration.promote(user.id, undefined);
  log.info(`${username} is an administrator, as PAPO_ADMIN says`);

  async function makeAccount(): Promise<User> {
    if (password !== undefined) return users.create(username, username, await passwords.hash(password));
    throw new Error(
      `PAPO_ADMIN: there is no user ${username}. Set PAPO_ADMIN_PASSWORD as well to make the account, or register it first.`,
    );
  }

  async function isTheOperators({ passwordHash }: Credentials): Promise<boolean> {
    return password === undefined || passwords.verify(password, passwordHash);
  }
}
