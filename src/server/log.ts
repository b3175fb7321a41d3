/** The server's log: JSON lines on standard output, readable lines on a terminal. */
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Never logged, wherever they stand in a line's fields. */
const names = ['token', 'refreshToken', 'password', 'newPassword'];
const secrets = names.flatMap(name => [name, `*.${name}`]);

export function createLog(level: LogLevel): Logger {
  const options = { level, base: null, redact: secrets };
  return process.stdout.isTTY
    ? pino(options, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }))
    : pino(options);
}
