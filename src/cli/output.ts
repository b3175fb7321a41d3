/** Standard output: for people, or one line of JSON for a script. */
export function say(asJson: boolean | undefined, json: unknown, text: string): void {
  process.stdout.write(`${asJson ? JSON.stringify(json) : text}\n`);
}

/**
 * Whoever reads may stop reading (`| head`). That is no failure, and what was begun is finished: if an error ended the
 * process at once, a PostgreSQL that the command has started would outlive it. A full disk is told, once, and a failure.
 */
export function outliveReaders(): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.exitCode = 1;
    complain(`standard output: ${error.message}`);
  });
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Whether it makes sense to say more. */
export function isRead(): boolean {
  return process.stdout.writable;
}

/** "12 users, 3 rooms, 400 messages". */
export function summary(tables: readonly { name: string; rows: number }[]): string {
  return tables
    .filter(({ name }) => ['users', 'rooms', 'messages'].includes(name))
    .map(({ name, rows }) => `${rows} ${name}`)
    .join(', ');
}

/** A sentence on standard error. */
export function complain(sentence: string): void {
  process.stderr.write(`papo: ${sentence}\n`);
}
