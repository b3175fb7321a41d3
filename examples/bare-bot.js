/**
 * A bot on papo's protocol (PROTOCOL.md) with nothing but what every browser has: `WebSocket` and `fetch`.
 *
 * It answers `!echo TEXT` with TEXT, and `!room` with the room's name and how many are in it: each command once and
 * in order, whatever the network and the server do meanwhile. Two things make that easy:
 *
 * - A reply has the id of its command. An id belongs to its sender, so a reply that is sent twice is stored once.
 * - How far it has answered stands on the server, as its read mark. It needs no storage, and may be killed any time.
 */

/** From the environment in Node; in a page, write them here. */
const {
  PAPO_URL: url = 'http://127.0.0.1:8080',
  PAPO_USER: username = 'bot',
  PAPO_PASSWORD: password = '',
} = globalThis.process?.env ?? {};

/** The server says no, and would say so again. Where nobody expects it, it ends the bot. */
class Refused extends Error {}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Milliseconds. Random, so that a restarted server isn't met by everyone at once. */
const backoff = attempt => Math.random() * Math.min(30_000, 250 * 2 ** attempt);

/** By id. `info` is the server's Room, kept up to date; all commands up to the seq `answered` are answered. */
const rooms = new Map();
/** By ref: who waits for this answer. */
const waiting = new Map();
/** Who waits until the connection is up to date. */
const queue = [];
let live = false;
let attempt = 0;
let refs = 0;
/** `log` names the history that the versions of our rooms belong to. */
let socket, hello, me, log, pause, lastHeard, grant, renewAt, refreshing, liveSince;

take(await post('/login', { username, password }));
while (true) {
  const code = await connection();
  if (code >= 4500 && code <= 4999) throw new Refused(`closed with ${code}`);
  // A browser doesn't tell why a handshake was refused; an ordinary request does.
  if (code === 4001 || (!hello && (await isUnauthorized()))) await refresh();
  attempt = Date.now() - liveSince > 10_000 ? 0 : attempt + 1;
  await sleep(pause ?? backoff(attempt));
}

/** Lasts as long as the connection. Says with which code it closed. */
async function connection() {
  if (Date.now() > renewAt) await refresh();
  const { promise: end, resolve: close, reject: fail } = Promise.withResolvers();
  // A browser sets no headers here: the token goes as a subprotocol.
  const mine = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, ['papo.v1', `bearer.${grant.token}`]);
  mine.onclose = ({ code }) => close(code);
  mine.onmessage = ({ data }) => {
    try {
      receive(JSON.parse(data));
    } catch (error) {
      fail(error);
    }
  };
  [socket, hello, pause] = [mine, undefined, undefined];
  [lastHeard, liveSince] = [Date.now(), Number.POSITIVE_INFINITY];
  const watch = setInterval(() => {
    const patience = hello?.heartbeatMs ?? 10_000;
    const silence = Date.now() - lastHeard;
    if (silence > patience + 10_000) close(1006);
    else if (silence > patience && live && waiting.size === 0) request('ping', {});
    if (live && Date.now() > renewAt) renew();
  }, 1_000);
  try {
    return await end;
  } finally {
    clearInterval(watch);
    mine.onclose = mine.onmessage = null;
    mine.close();
    live = false;
    for (const ref of waiting.keys()) settle(ref);
  }
}

/** One frame after the other: what follows the answer to `sync` builds on it. */
function receive(frame) {
  lastHeard = Date.now();
  if (frame.ref === 'sync') synced(frame);
  else if (frame.ref !== undefined) settle(frame.ref, frame);
  else if (frame.event === 'hello') {
    if (frame.protocol !== 1) throw new Refused(`the server speaks version ${frame.protocol}`);
    hello = frame;
    me = frame.user.id;
    sync();
  } else if (frame.event === 'joined') {
    rooms.delete(frame.room.id);
    hold(frame.room, []);
  } else if (frame.event === 'left') rooms.delete(frame.room);
  else if (frame.event === 'change' && rooms.has(frame.room)) change(rooms.get(frame.room), frame);
  else if (frame.event === 'draining') pause = frame.reconnectInMs;
}

function sync() {
  const held = Object.fromEntries([...rooms].map(([id, { info }]) => [id, info.version]));
  const input = { history: 0, ...(log && { log, rooms: held }) };
  socket.send(JSON.stringify({ ref: 'sync', op: 'sync', input }));
}

function synced({ output, error }) {
  if (error && !error.retryable) throw new Refused(`sync: ${error.message}`);
  if (error) {
    const asked = socket;
    sleep(error.retryAfterMs ?? 1_000).then(() => socket === asked && sync());
    return;
  }
  // Restored from a backup: what the bot knows may never have been.
  if (log !== hello.log) rooms.clear();
  log = hello.log;
  for (const { room, delta } of output.rooms) hold(room, delta?.messages ?? []);
  for (const id of output.left) rooms.delete(id);
  live = true;
  liveSince = Date.now();
  // It works. But a connection that breaks at once isn't worth a rush.
  attempt = Math.min(attempt, 2);
  for (const goOn of queue.splice(0)) goOn();
}

/** A room as it is now. Who comes in, or in again, has a read mark above all that was said before. */
function hold(info, messages) {
  const room = rooms.get(info.id) ?? { info, answered: 0, unread: new Map(), working: false };
  rooms.set(info.id, room);
  room.answered = Math.max(room.answered, info.readSeq);
  change(room, { info, version: info.version, messages });
}

/** On one connection changes join without a gap, so there is no need to compare versions. */
function change(room, { version, info = {}, memberCount, messages = [] }) {
  Object.assign(room.info, info, { version }, memberCount !== undefined && { memberCount });
  for (const message of messages) {
    room.unread.set(message.seq, message);
    room.info.lastSeq = Math.max(room.info.lastSeq, message.seq);
  }
  if (!room.working) work(room);
}

/** One message after the other. `seq` has no gaps: what hasn't come by itself is read from the history. */
async function work(room) {
  const { id } = room.info;
  room.working = true;
  try {
    while (room.answered < room.info.lastSeq && rooms.get(id) === room) {
      const message = room.unread.get(room.answered + 1);
      if (message) {
        await answer(room, message);
        room.unread.delete(message.seq);
        room.answered = Math.max(room.answered, message.seq);
      } else {
        const page = await ask('message.history', { room: id, after: room.answered, limit: 100 });
        for (const older of page.messages) room.unread.set(older.seq, older);
      }
      if (room.answered === room.info.lastSeq) {
        room.unread.clear();
        await ask('room.read', { room: id, seq: room.answered });
      }
    }
  } catch (error) {
    // No longer a member: `left` says so too.
    ifRefused(error);
  }
  room.working = false;
}

async function answer({ info }, { id, sender, text }) {
  const reply = replyTo(text, info);
  // The bot doesn't talk to itself.
  if (reply === undefined || sender.id === me) return;
  await ask('message.send', { room: info.id, id, text: reply }).catch(ifRefused);
}

function replyTo(text, { name, memberCount }) {
  if (text.startsWith('!echo ')) return text.slice('!echo '.length);
  if (text === '!room') return `${name}: ${memberCount}`;
}

/** Asks until it is decided, on this connection or a later one: no answer means the same as "try again". */
async function ask(op, input) {
  for (let again = 0; ; again++) {
    while (!live) await new Promise(resolve => queue.push(resolve));
    const { output, error } = (await request(op, input)) ?? {};
    if (output) return output;
    if (error && !error.retryable) throw new Refused(`${op}: ${error.message}`);
    if (error) await sleep(error.retryAfterMs ?? backoff(again));
  }
}

/** The frame that answers, or nothing. */
function request(op, input) {
  const ref = ++refs;
  socket.send(JSON.stringify({ ref, op, input }));
  setTimeout(settle, 40_000, ref);
  return new Promise(resolve => waiting.set(ref, resolve));
}

function settle(ref, frame) {
  waiting.get(ref)?.(frame);
  waiting.delete(ref);
}

/** Asks over HTTP until it is decided. */
async function post(path, body) {
  const options = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  for (let again = 0; ; again++) {
    let wait = backoff(again);
    try {
      const response = await fetch(url + path, { ...options, signal: AbortSignal.timeout(10_000) });
      if (response.ok) return await response.json();
      if (response.status !== 429 && response.status < 500) {
        throw new Refused(`${path} is answered with ${response.status}`);
      }
      wait = Math.max(wait, 1_000 * Number(response.headers.get('Retry-After')));
    } catch (error) {
      // Everything else is no answer, or half of one: undecided.
      if (error instanceof Refused) throw error;
    }
    await sleep(wait);
  }
}

async function isUnauthorized() {
  const headers = { Authorization: `Bearer ${grant.token}` };
  const response = await fetch(`${url}/me`, { headers, signal: AbortSignal.timeout(10_000) }).catch(
    () => undefined,
  );
  return response?.status === 401;
}

/** A token is renewed a minute before it expires, or after half its life if that is short. */
function take(given) {
  grant = given;
  const left = Date.parse(grant.expiresAt) - Date.now();
  renewAt = Date.now() + Math.max(1_000, left - 60_000, left / 2);
}

/** One at a time: an old refresh token in use again looks like theft. */
function refresh() {
  renewAt = Number.POSITIVE_INFINITY;
  refreshing ??= post('/refresh', { refreshToken: grant.refreshToken })
    .catch(() => post('/login', { username, password }))
    .then(take)
    .finally(() => {
      refreshing = undefined;
    });
  return refreshing;
}

/** If it comes too late: the next connection begins with the new token. */
async function renew() {
  await refresh();
  await ask('token.renew', { token: grant.token }).catch(ifRefused);
}

function ifRefused(error) {
  if (!(error instanceof Refused)) throw error;
}
