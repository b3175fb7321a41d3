/** A bot on the SDK. It answers `!echo TEXT` with TEXT, and `!room` with the room's name and how many are in it. */
import { ChatClient, login, type Message, type RoomReplica } from 'papo/sdk';

const { PAPO_URL: url = 'http://127.0.0.1:8080', PAPO_USER = 'bot', PAPO_PASSWORD = '' } = process.env;

const grant = await login(url, { username: PAPO_USER, password: PAPO_PASSWORD });
const client = new ChatClient({ url, grant });
const reading = new Set<string>();
const again = new Set<string>();

client.on('change', ({ room }) => look(room));
client.on('state', ({ name }) => name === 'live' && [...client.rooms.values()].map(look));
await client.connect();

/** Reads a room; what happens in it meanwhile is read after that. If the connection breaks, the next one goes on. */
async function look(room: RoomReplica): Promise<void> {
  again.add(room.id);
  if (reading.has(room.id)) return;
  reading.add(room.id);
  while (again.delete(room.id)) await readOn(room).catch(() => undefined);
  reading.delete(room.id);
}

/** From the read mark on, which the server keeps: nothing is missed, however far the bot is behind, or if it was killed. */
async function readOn(room: RoomReplica): Promise<void> {
  for await (const page of client.history(room.id, { after: room.info.readSeq ?? 0 })) {
    // The mark may have moved while the page was on its way: it stands above what was said while the bot was removed.
    const unread = page.filter(({ seq }) => seq > (room.info.readSeq ?? 0));
    await Promise.allSettled(unread.map(message => answer(room, message)?.done));
    await client.markRead(room.id, page.at(-1)?.seq);
  }
}

/** With the id of the question: asked about it twice, the bot has answered it once. */
function answer(room: RoomReplica, { id, sender, text }: Message) {
  if (sender.id === grant.user.id) return undefined;
  if (text.startsWith('!echo ')) return client.send(room.id, text.slice('!echo '.length), { id });
  if (text === '!room') return client.send(room.id, `${room.info.name}: ${room.info.memberCount}`, { id });
  return undefined;
}
