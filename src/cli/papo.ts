#!/usr/bin/env node
/** `papo`: the server, and what its operator does with it. Exit codes: 0 done, 1 failed, 2 used wrongly. */
import { CommanderError } from 'commander';
import { ConfigError } from '../server/config.ts';
import { OperationError } from '../server/errors.ts';
import { complain, outliveReaders } from './output.ts';
import { createProgram } from './program.ts';

outliveReaders();
try {
  await createProgram().parseAsync();
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
