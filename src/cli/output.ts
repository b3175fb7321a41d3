/** Standard output: for people, or one line of JSON for a script. */
export function say(asJson: boolean | undefined, json: unknown, text: string): void {
  process.stdout.write(`${asJson ? JSON.stringify(json) : text}\n`);
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
