/** The server's log: JSON lines on standard output, readable lines on a terminal. */
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { LogOutput } from './log-output.ts';

export type { Logger };

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Never logged, wherever they stand in a line's fields. */
const names = ['token', 'refreshToken', 'password', 'newPassword'];
const secrets = names.flatMap(name => [name, `*.${name}`]);

export function createLog(level: LogLevel, output: { write(line: string): void } = standardOutput()): Logger {
  return pino({ level, base: null, redact: secrets, serializers: { err: discreetError } }, output);
}

export function standardOutput(): LogOutput {
  const readable = prettyFactory({ translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  return new LogOutput(process.stdout, process.stdout.isTTY ? readable : line => line);
}

/**
 * Of an error, what is known to be harmless. PostgreSQL's repeat rows and inputs, which are what people wrote, and carry
 * the connection with the key that cancels its statements.
 */
function discreetError(error: Error): object {
  const { type, message, stack, code } = pino.stdSerializers.err(error);
  return { type, message, stack, ...(code !== undefined && { code }) };
}
