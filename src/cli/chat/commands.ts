import type { ChatClient, Room } from '../../sdk/index.ts';
import { type Conversation, describe, nameOf } from './conversation.ts';

interface Command {
  usage: string;
  help: string;
  run(chat: Conversation, rest: string): Promise<void> | void;
}

/** Pages of a list that a command reads at most. */
const maxPages = 20;

/** What can be typed with a slash before it. */
export const commands: Record<string, Command> = {
  rooms: {
    usage: '/rooms',
    help: 'the rooms you are in',
    run(chat) {
      for (const room of chat.rooms) {
        const mark = room === chat.current ? '*' : ' ';
        chat.print(`${mark} ${nameOf(room)}  ${describe(room.info)}`);
      }
    },
  },
  browse: {
    usage: '/browse [WORD]',
    help: 'public rooms that you could join',
    async run(chat, query) {
      const { rooms, cursor } = await chat.client.call('room.browse', query ? { query } : {});
      for (const room of rooms) chat.print(`  ${room.name}  ${describe(room)}`);
      if (rooms.length === 0) chat.notice('there are none');
      if (cursor !== undefined) chat.notice('there are more: /browse WORD');
    },
  },
  join: {
    usage: '/join NAME',
    help: 'come into a public room',
    async run(chat, name) {
      const mine = chat.find(required(name, 'which room? /join NAME'));
      if (mine) {
        await chat.enter(mine);
        return;
      }
      const room = await findPublic(chat.client, name);
      if (!room) throw new Error(`there is no public room called ${name}`);
      await chat.enterOpened(chat.client.call('room.join', { room: room.id }));
    },
  },
  enter: {
    usage: '/enter NAME',
    help: 'go to one of your rooms',
    async run(chat, name) {
      const room = chat.find(required(name, 'which room? /enter NAME'));
      if (!room) throw new Error(`you are in no room called ${name}: /rooms, /join NAME`);
      await chat.enter(room);
    },
  },
  create: {
    usage: '/create [--private] NAME',
    help: 'make a room; into a private one people come by invitation',
    async run(chat, rest) {
      const isPrivate = /^--private(\s|$)/.test(rest);
      const name = required(rest.replace(/^--private/, '').trim(), 'what shall it be called? /create NAME');
      const kind = isPrivate ? 'private' : 'public';
      await chat.enterOpened(chat.client.call('room.create', { name, kind }));
    },
  },
  invite: {
    usage: '/invite USER',
    help: 'bring somebody into this room',
    async run(chat, username) {
      const room = chat.current;
      if (!room) throw new Error('you are in no room: /enter NAME');
      const user = await findUser(
        chat,
        required(username, 'whom? /invite USER').replace(/^@/, '').toLowerCase(),
      );
      if (user === undefined) {
        throw new Error(
          `${username} shares no room with you: /dm ${username} first, or ask them to join one`,
        );
      }
      await chat.client.call('room.invite', { room: room.id, user });
    },
  },
  dm: {
    usage: '/dm USER [TEXT]',
    help: 'talk to one person',
    async run(chat, rest) {
      const [, name = '', text = ''] = /^@?(\S*)\s*(.*)$/.exec(rest) ?? [];
      const username = required(name, 'to whom? /dm USER');
      await chat.enterOpened(chat.client.call('direct.open', { username }));
      if (text) await chat.say(text);
    },
  },
  members: {
    usage: '/members',
    help: 'who is in this room',
    async run(chat) {
      if (!chat.current) throw new Error('you are in no room: /enter NAME');
      for await (const member of membersOf(chat.client, chat.current.id)) {
        const name = member.user.displayName === member.user.username ? '' : `  ${member.user.displayName}`;
        chat.print(`  ${member.user.username}${name}${member.role === 'owner' ? '  (owner)' : ''}`);
      }
    },
  },
  leave: {
    usage: '/leave',
    help: 'go out of this room for good',
    async run(chat) {
      if (!chat.current) throw new Error('you are in no room: /enter NAME');
      await chat.leave(chat.current);
      await chat.enterAny();
    },
  },
  help: {
    usage: '/help',
    help: 'this list',
    run(chat) {
      for (const { usage, help } of Object.values(commands)) chat.print(`  ${usage.padEnd(26)}${help}`);
      chat.print(`  ${'/quit'.padEnd(26)}end; what is on its way is sent first`);
      chat.print('  A message that begins with a slash: type two.');
    },
  },
};

/** Does what a typed line says. `quit`: that was the last one. */
export async function perform(chat: Conversation, line: string): Promise<'quit' | undefined> {
  if (line.trim() === '') return undefined;
  if (!line.startsWith('/') || line.startsWith('//')) {
    await chat.say(line.replace(/^\/\//, '/'));
    return undefined;
  }
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/.exec(line.trimEnd()) ?? [];
  if (name === 'quit') return 'quit';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new Error(`there is no /${name}: /help lists the commands`);
  await command.run(chat, rest);
  return undefined;
}

function required(value: string, question: string): string {
  if (value === '') throw new Error(question);
  return value;
}

async function findPublic(client: ChatClient, name: string): Promise<Room | undefined> {
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const found = await client.call('room.browse', { query: name, limit: 100, ...(cursor && { cursor }) });
    const room = found.rooms.find(room => room.name?.toLowerCase() === name.toLowerCase());
    if (room || found.cursor === undefined) return room;
    cursor = found.cursor;
  }
  return undefined;
}

/** The id of somebody who shares a room with this user: first by what is known already, then by asking. */
async function findUser({ client, rooms }: Conversation, username: string): Promise<string | undefined> {
  for (const { info, members, messages } of rooms) {
    const known = [
      ...(info.peer ? [info.peer] : []),
      ...[...members.values()].map(({ user }) => user),
      ...messages.map(({ sender }) => sender),
    ].find(user => user.username === username);
    if (known) return known.id;
  }
  for (const room of rooms) {
    for await (const { user } of membersOf(client, room.id)) if (user.username === username) return user.id;
  }
  return undefined;
}

async function* membersOf(client: ChatClient, room: string) {
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const answer = await client.call('room.members', { room, limit: 100, ...(cursor && { cursor }) });
    yield* answer.members;
    cursor = answer.cursor;
    if (cursor === undefined) return;
  }
}
