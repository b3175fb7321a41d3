import type { ChatClient, Room, RoomReplica, User } from '../../sdk/index.ts';
import { type Conversation, counted, describe, nameOf } from './conversation.ts';

interface Command {
  usage: string;
  help: string;
  run(chat: Conversation, rest: string): Promise<void> | void;
}

/** Pages of a list that a command reads at most, and their size. */
const maxPages = 20;
const pageSize = 100;

/** What can be typed with a slash before it. */
export const commands: Record<string, Command> = {
  rooms: {
    usage: '/rooms',
    help: 'the rooms you are in, and what you have not read',
    run(chat) {
      for (const room of chat.rooms) {
        const mark = room === chat.current ? '*' : ' ';
        const unread = room.unread > 0 ? ` · ${counted(room.unread, 'message')} unread` : '';
        chat.print(`${mark} ${nameOf(room)}  ${describe(room.info)}${unread}`);
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
      const { id: room } = current(chat);
      const { id: user } = await findUser(chat.client, required(username, 'whom? /invite USER'));
      await chat.client.call('room.invite', { room, user });
    },
  },
  remove: {
    usage: '/remove USER',
    help: 'put somebody out of this room, which is yours',
    async run(chat, username) {
      const { id: room } = current(chat);
      const { id: user } = await findUser(chat.client, required(username, 'whom? /remove USER'));
      await chat.client.call('room.remove', { room, user });
    },
  },
  rename: {
    usage: '/rename NAME',
    help: 'call this room, which is yours, something else',
    async run(chat, name) {
      const { id: room } = current(chat);
      await chat.client.call('room.update', { room, name: required(name, 'to what? /rename NAME') });
    },
  },
  topic: {
    usage: '/topic [TEXT]',
    help: 'say what this room, which is yours, is about; without a text: nothing',
    async run(chat, topic) {
      await chat.client.call('room.update', { room: current(chat).id, topic });
    },
  },
  find: {
    usage: '/find NAME',
    help: 'people whose name begins so',
    async run(chat, query) {
      const name = required(query, 'whom? /find NAME');
      const { users } = await chat.client.call('user.find', { query: name.replace(/^@/, '') });
      for (const user of users) chat.print(`  ${describeUser(user)}`);
      if (users.length === 0) chat.notice('there is nobody');
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
      const { id } = current(chat);
      for await (const page of first(maxPages, chat.client.members(id, { limit: pageSize }))) {
        for (const { user, role } of page) {
          chat.print(`  ${describeUser(user)}${role === 'owner' ? '  (owner)' : ''}`);
        }
      }
    },
  },
  leave: {
    usage: '/leave',
    help: 'go out of this room for good',
    async run(chat) {
      await chat.leave(current(chat));
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

function current(chat: Conversation): RoomReplica {
  if (!chat.current) throw new Error('you are in no room: /enter NAME');
  return chat.current;
}

function describeUser({ username, displayName }: User): string {
  return displayName === username ? username : `${username}  ${displayName}`;
}

async function findPublic(client: ChatClient, name: string): Promise<Room | undefined> {
  for await (const page of first(maxPages, client.browse({ query: name, limit: pageSize }))) {
    const room = page.find(room => room.name?.toLowerCase() === name.toLowerCase());
    if (room) return room;
  }
  return undefined;
}

async function findUser(client: ChatClient, name: string): Promise<User> {
  const username = name.replace(/^@/, '').toLowerCase();
  const { users } = await client.call('user.find', { query: username });
  const user = users.find(user => user.username === username);
  if (!user) throw new Error(`there is nobody called ${username}: /find`);
  return user;
}

/** No more than so many pages: what a person can read. */
async function* first<T>(count: number, pages: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  let taken = 0;
  for await (const page of pages) {
    yield page;
    taken += 1;
    if (taken === count) return;
  }
}
