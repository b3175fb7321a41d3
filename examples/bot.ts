/** A bot on the SDK. It answers `!echo TEXT` with TEXT, and `!room` with the room's name and how many are in it. */
import { ChatClient, login, type Message, type RoomReplica } from 'papo/sdk';

const { PAPO_URL: url = 'http://127.0.0.1:8080', PAPO_USER = 'bot', PAPO_PASSWORD = '' } = process.env;

const grant = await login(url, { username: PAPO_USER, password: PAPO_PASSWORD });
const client = new ChatClient({ url, grant });
/** By room: the last message that was looked at, and the looking that is under way. */
const seen = new Map<string, number>();
const looking = new Map<string, Promise<void>>();

client.on('joined', ({ room }) => seen.set(room.id, room.info.lastSeq));
client.on('left', ({ room }) => seen.delete(room.id));
client.on('change', ({ room }) => look(room));
client.on('state', ({ name }) => name === 'live' && [...client.rooms.values()].map(look));
await client.connect();

/** Reads on from the last message that was looked at: nothing is missed, however far the bot is behind. If the
 * connection breaks meanwhile, the next one goes on from there. */
function look(room: RoomReplica): void {
  const before = looking.get(room.id) ?? Promise.resolve();
  const now = before.then(() => readOn(room)).catch(() => undefined);
  looking.set(room.id, now);
}

async function readOn(room: RoomReplica): Promise<void> {
  for (let more = true; more; ) {
    // Who was removed and came in again has a read mark above all that was said meanwhile.
    const after = Math.max(seen.get(room.id) ?? room.info.lastSeq, room.info.readSeq ?? 0);
    const page = await client.call('message.history', { room: room.id, after });
    for (const message of page.messages) {
      seen.set(room.id, message.seq);
      answer(room, message);
    }
    more = page.more;
  }
}

function answer(room: RoomReplica, { sender, text }: Message): void {
  // The bot doesn't talk to itself.
  if (sender.id === grant.user.id) return;
  if (text.startsWith('!echo ')) client.send(room.id, text.slice('!echo '.length));
  if (text === '!room') client.send(room.id, `${room.info.name}: ${room.info.memberCount}`);
}
