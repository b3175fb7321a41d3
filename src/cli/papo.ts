#!/usr/bin/env node
/** `papo`: the server, and what its operator does with it. Exit codes: 0 done, 1 failed, 2 used wrongly. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../server/config.ts';
import { OperationError } from '../server/errors.ts';
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
import { complain, outliveReaders } from './output.ts';

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

outliveReaders();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Commander has said by itself what was used wrongly. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  complain(error instanceof Error ? error.message : String(error));
  const isMisuse = error instanceof OperationError && error.code === 'bad_request';
  return isMisuse || error instanceof ConfigError ? 2 : 1;
}
