import type { Command } from 'commander';
import { printable } from '../chat/printable.ts';
import { withOperator } from '../database.ts';
import { isRead, say } from '../output.ts';
import { addSettingFlags, databaseSettings, settingsIn } from '../setting-flags.ts';

type Made = { private?: boolean; owner?: string; topic?: string; json?: boolean };

export function addRoom(program: Command): void {
  const command = program
    .command('room')
    .description('look at rooms and make them, also while the server runs');
  const list = command
    .command('list')
    .description('public and private rooms, the oldest first; nobody’s direct ones')
    .option('--json', 'one line of JSON for each')
    .addHelpText('after', '\nExample:\n  papo room list --json');
  addSettingFlags(list, databaseSettings).action(async (options: { json?: boolean }) => {
    await withOperator(settingsIn(options), async operator => {
      for await (const room of operator.rooms()) {
        const { id, kind, name, memberCount, lastSeq } = room;
        const numbers = `members: ${memberCount}, messages: ${lastSeq}`;
        say(options.json, room, `${id}  ${kind.padEnd(7)}  ${printable(name ?? '')}  (${numbers})`);
        if (!isRead()) break;
      }
    });
  });
  const create = command
    .command('create')
    .description('make a room')
    .argument('<name>', 'of a public room: one that no other public room has')
    .option('--private', 'only for those who are invited; needs --owner')
    .option('--owner <username>', 'who is in it first, and owns it; a public room may do without')
    .option('--topic <text>', 'what it is about')
    .option('--json', 'say what was made as JSON')
    .addHelpText(
      'after',
      `
The owner's connections that are open get to know a new room with their next sync: when they come again, or at once if
they ask for it.

Example:
  papo room create plans --private --owner ana --topic 'What comes next'`,
    );
  addSettingFlags(create, databaseSettings).action(async (name: string, options: Made) => {
    const { json, owner, topic, private: isPrivate } = options;
    const kind = isPrivate ? 'private' : 'public';
    const id = await withOperator(settingsIn(options), operator =>
      operator.createRoom({ name, kind, topic }, owner),
    );
    say(json, { id, kind, name, topic, owner }, `${name} is there: ${id}`);
  });
}
