/** The commands there are. */
import { Command } from 'commander';
import { version } from '../server/version.ts';
import { addBackup } from './commands/backup.ts';
import { addChat } from './commands/chat.ts';
import { addConfig } from './commands/config.ts';
import { addDoctor } from './commands/doctor.ts';
import { addMigrate } from './commands/migrate.ts';
import { addRestore } from './commands/restore.ts';
import { addRoom } from './commands/room.ts';
import { addServe } from './commands/serve.ts';
import { addUser } from './commands/user.ts';

export function createProgram(): Command {
  const program = new Command('papo')
    .description(
      'A real-time chat server you run yourself. Settings come from flags, the environment, or a file .env: see `papo config`.',
    )
    .version(version)
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: (sentence, write) => write(sentence.replace(/^error: /, 'papo: ')) })
    .exitOverride();
  const commands = [
    addServe,
    addChat,
    addMigrate,
    addUser,
    addRoom,
    addBackup,
    addRestore,
    addConfig,
    addDoctor,
  ];
  for (const add of commands) add(program);
  return program;
}
