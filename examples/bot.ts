/** A bot on the SDK. It answers `!echo TEXT` with TEXT, and `!room` with the room's name and how many are in it. */
import { ChatClient, login, type Message, type RoomReplica } from 'papo/sdk';

const { PAPO_URL: url = 'http://127.0.0.1:8080', PAPO_USER = 'bot', PAPO_PASSWORD = '' } = process.env;

const grant = await login(url, { username: PAPO_USER, password: PAPO_PASSWORD });
const client = new ChatClient({ url, grant });
const reading = new Map<string, Promise<void>>();

client.on('change', ({ room }) => look(room));
client.on('state', ({ name }) => name === 'live' && [...client.rooms.values()].map(look));
await client.connect();

/** Reads one page after the other. If the connection breaks meanwhile, the next one goes on from there. */
function look(room: RoomReplica): void {
  const before = reading.get(room.id) ?? Promise.resolve();
  const now = before.then(() => readOn(room)).catch(() => undefined);
  reading.set(room.id, now);
}

/** From the read mark on, which the server keeps: nothing is missed, however far the bot is behind, or if it was killed. */
async function readOn(room: RoomReplica): Promise<void> {
  for await (const page of client.history(room.id, { after: room.info.readSeq ?? 0 })) {
    // The mark may have moved while the page was on its way: it stands above what was said while the bot was removed.
    for (const message of page) if (message.seq > (room.info.readSeq ?? 0)) answer(room, message);
    await client.markRead(room.id, page.at(-1)?.seq);
  }
}

/** With the id of the question: asked about it twice, the bot has answered it once. */
function answer(room: RoomReplica, { id, sender, text }: Message): void {
  if (sender.id === grant.user.id) return;
  if (text.startsWith('!echo ')) client.send(room.id, text.slice('!echo '.length), { id });
  if (text === '!room') client.send(room.id, `${room.info.name}: ${room.info.memberCount}`, { id });
}
