import type { Command } from 'commander';

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the server, until Ctrl-C or SIGTERM')
    .addHelpText('after', '\nExample:\n  PORT=9000 papo serve')
    // The program of `npm start`: importing it runs it.
    .action(async () => {
      await import('../../server/main.ts');
    });
}
