/** `papo chat`: what it shows, and as a process against the real server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { perform } from '../src/cli/chat/commands.ts';
import { Conversation } from '../src/cli/chat/conversation.ts';
import { readOptions } from '../src/cli/chat/options.ts';
import { excerpt, printable, printableLines } from '../src/cli/chat/printable.ts';
import { type Screen, Terminal } from '../src/cli/chat/terminal.ts';
import { endWithUs } from './support/child.ts';
import { anew, change, current, FakeChat, member, message, room } from './support/fake-chat.ts';
import { settle } from './support/fake-clock.ts';
import { bruno } from './support/fake-socket.ts';
import { password, register, request } from './support/people.ts';
import { ownPort } from './support/ports.ts';
import { createDatabase } from './support/postgres.ts';
import { spawnServer, startServer } from './support/server.ts';
import { eventually } from './support/waiting.ts';

/** A screen that keeps what it shows. */
class FakeScreen implements Screen {
  readonly lines: string[] = [];
  prompted = '';

  print(line: string): void {
    this.lines.push(line);
  }

  prompt(text: string): void {
    this.prompted = text;
  }

  eraseTyped(): void {}

  /** What was shown since the last time, without the clock times. */
  take(): string[] {
    return this.lines.splice(0).map(line => line.replace(/^(\d\d-\d\d )?\d\d:\d\d /, ''));
  }
}

const general = room('general', { name: 'general', readSeq: 0 });
const tea = room('tea', { name: 'Tea room', memberCount: 1, readSeq: 0 });

async function enterGeneral() {
  const fake = new FakeChat();
  const screen = new FakeScreen();
  const chat = new Conversation(fake.client, screen);
  const socket = await fake.connect(anew(general, tea));
  await chat.enterAny();
  screen.take();
  return { fake, screen, chat, socket };
}

test('nothing of what others write can steer the terminal', () => {
  const hostile = 'a\u001b[2J\u009b31m\u0007\u0000\u007f\u202eb\u2066c\u2028d\te';
  assert.equal(printable(hostile), 'a�[2J�31m����b�c�d  e');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested
      const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
      assert.ok([printable(text), ...printableLines(text)].every(line => !unsafe.test(line)));
    }),
  );
});

test('lines and excerpts keep whole characters', () => {
  assert.deepEqual(printableLines('one\r\ntwo\rthree\n'), ['one', 'two', 'three', '']);
  assert.equal(excerpt('olá\n  👍👍👍', 6), 'olá 👍…');
  assert.equal(excerpt('short', 5), 'short');
});

test('a message is shown under its name, and its further lines are set in', async () => {
  const { screen, socket } = await enterGeneral();
  await socket.receive(change('general', message(1, { from: bruno, text: 'hi\n12:00 ana: I owe you' })));
  assert.deepEqual(screen.take(), ['bruno: hi', '      │ 12:00 ana: I owe you']);
});

test('the own message is shown once, when it is acknowledged, whichever of answer and Delta comes first', async () => {
  const { screen, chat, socket } = await enterGeneral();
  await chat.say('one');
  assert.deepEqual(screen.take(), []);
  await socket.receive(change('general', message(1, { id: 'id-1', text: 'one' })));
  await socket.answer('message.send', { message: message(1, { id: 'id-1', text: 'one' }) });
  await chat.say('two');
  await socket.answer('message.send', { message: message(2, { id: 'id-2', text: 'two' }) });
  await socket.receive(change('general', message(2, { id: 'id-2', text: 'two' })));
  assert.deepEqual(screen.take(), ['ana: one', 'ana: two']);
});

test('a message that failed is marked', async () => {
  const { screen, chat, socket } = await enterGeneral();
  await chat.say('hello');
  await socket.refuse('message.send', { code: 'forbidden', retryable: false });
  assert.deepEqual(screen.take(), ['! not sent (forbidden): hello']);
});

test('messages of other rooms are announced briefly, with the name of the room', async () => {
  const { screen, socket } = await enterGeneral();
  await socket.receive(change('tea', message(1, { from: bruno, text: `tea?\n${'x'.repeat(100)}` })));
  assert.deepEqual(screen.take(), [`[Tea room] bruno: tea? ${'x'.repeat(54)}…`]);
});

test('a lost connection is shown, with the messages that wait for it, and so is the new one', async () => {
  const { fake, screen, chat, socket } = await enterGeneral();
  assert.equal(screen.prompted, 'general> ');
  await socket.drop();
  await chat.say('are you there?');
  assert.deepEqual(screen.take(), ['— connection lost, reconnecting in 1 s —']);
  assert.equal(screen.prompted, 'general (offline, 1 waiting)> ');
  await fake.wait();
  await (await fake.greet()).answer('sync', current(general, tea));
  assert.deepEqual(screen.take(), ['— connected again —']);
  assert.equal(screen.prompted, 'general> ');
});

test('who comes and goes is shown, and so is what is missing after a reset', async () => {
  const { fake, screen, socket } = await enterGeneral();
  await socket.receive({
    event: 'change',
    room: 'general',
    from: 1,
    version: 2,
    members: [member(bruno, 1), member({ ...bruno, id: 'user-carla', username: 'carla' }, 2, { in: false })],
  });
  assert.deepEqual(screen.take(), ['— bruno came in —', '— carla left —']);
  const later = room('general', { name: 'general', version: 300, lastSeq: 250 });
  await fake.reconnect({
    rooms: [{ room: later, reset: true, messages: [message(249), message(250)] }],
    left: [],
  });
  assert.deepEqual(screen.take().slice(1), [
    '— you are out of Tea room —',
    '— 248 messages not shown —',
    'ana: text 249',
    'ana: text 250',
    '— connected again —',
  ]);
});

test('entering shows the last messages, read from the history where the client has none', async () => {
  const { screen, chat, socket, fake } = await enterGeneral();
  await socket.receive({ event: 'joined', room: room('old', { name: 'old', version: 9, lastSeq: 7 }) });
  assert.deepEqual(screen.take(), ['— you are in old now: /enter old —']);
  const entered = perform(chat, '/enter OLD');
  await settle();
  assert.deepEqual(socket.inputs('message.history'), [{ room: 'old', before: 8, limit: 20 }]);
  await socket.answer('message.history', { messages: [message(6), message(7)], more: true });
  await entered;
  assert.deepEqual(screen.take(), ['— old · 2 members —', 'ana: text 6', 'ana: text 7']);
  assert.equal(chat.current, fake.client.rooms.get('old'));
});

test('/join looks for the room by its name and enters it once it is there', async () => {
  const { screen, chat, socket } = await enterGeneral();
  const joined = perform(chat, '/join coffee Room');
  await settle();
  const coffee = room('coffee', { name: 'Coffee room', version: 1 });
  await socket.answer('room.browse', { rooms: [room('x', { name: 'coffee roomy' }), coffee] });
  assert.deepEqual(socket.inputs('room.join'), [{ room: 'coffee' }]);
  await socket.receive(
    { event: 'joined', room: room('other', { name: 'other' }) },
    socket.answerTo('room.join', { room: coffee, messages: [] }),
    { event: 'joined', room: coffee },
  );
  await joined;
  assert.deepEqual(screen.take(), ['— Coffee room · 2 members —', '— you are in other now: /enter other —']);
});

test('/create makes public and private rooms', async () => {
  const { chat, socket } = await enterGeneral();
  for (const line of ['/create Book club', '/create --private Surprise party']) {
    const refused = assert.rejects(perform(chat, line), { code: 'name_taken' });
    await settle();
    assert.deepEqual(socket.inputs('room.create'), [
      line.includes('private')
        ? { name: 'Surprise party', kind: 'private' }
        : { name: 'Book club', kind: 'public' },
    ]);
    await socket.refuse('room.create', { code: 'name_taken', retryable: false });
    await refused;
  }
});

test('/invite and /remove find the person by the whole username', async () => {
  const { chat, socket } = await enterGeneral();
  const carlos = { ...bruno, id: 'user-carlos', username: 'brunocarlos' };
  for (const [line, op] of [
    ['/invite @Bruno', 'room.invite'],
    ['/remove bruno', 'room.remove'],
  ] as const) {
    const done = assert.rejects(perform(chat, line), { code: 'forbidden' });
    await settle();
    assert.deepEqual(socket.inputs('user.find'), [{ query: 'bruno' }]);
    await socket.answer('user.find', { users: [carlos, bruno] });
    assert.deepEqual(socket.inputs(op), [{ room: 'general', user: bruno.id }]);
    await socket.refuse(op, { code: 'forbidden', retryable: false });
    await done;
  }
  const unknown = assert.rejects(perform(chat, '/invite zoe'), /there is nobody called zoe/);
  await settle();
  await socket.answer('user.find', { users: [] });
  await unknown;
});

test('/find shows people, and the name they gave themselves', async () => {
  const { chat, socket, screen } = await enterGeneral();
  const found = perform(chat, '/find br');
  await settle();
  await socket.answer('user.find', { users: [bruno, { ...bruno, username: 'bro', displayName: 'bro' }] });
  await found;
  assert.deepEqual(screen.take(), ['  bruno  Bruno', '  bro']);
});

test('/rename and /topic change the room; everyone in it is told what it is now', async () => {
  const { chat, socket, screen } = await enterGeneral();
  const { topic: _, ...info } = room('general', { name: 'Kitchen', version: 1 });
  for (const [line, input] of [
    ['/rename Kitchen', { room: 'general', name: 'Kitchen' }],
    ['/topic what to cook', { room: 'general', topic: 'what to cook' }],
    ['/topic', { room: 'general', topic: '' }],
  ] as const) {
    const done = perform(chat, line);
    await settle();
    assert.deepEqual(socket.inputs('room.update'), [input]);
    await socket.answer('room.update', { room: info });
    await done;
  }
  await socket.receive({
    event: 'change',
    room: 'general',
    from: 1,
    version: 1,
    info: { ...info, topic: 'what to cook' },
  });
  assert.deepEqual(screen.take(), ['— this is Kitchen now · 2 members · what to cook —']);
  assert.equal(screen.prompted, 'Kitchen> ');
});

test('what is on the screen counts as read; /rooms tells what is not', async () => {
  const { chat, socket, screen } = await enterGeneral();
  await socket.receive(
    change('general', message(1, { from: bruno })),
    change('tea', message(1, { from: bruno }), message(2, { from: bruno })),
  );
  assert.deepEqual(socket.inputs('room.read'), [{ room: 'general', seq: 1 }]);
  await socket.answer('room.read', { readSeq: 1 });
  screen.take();
  await perform(chat, '/rooms');
  assert.deepEqual(screen.take(), ['* general  2 members', '  Tea room  1 member · 2 messages unread']);
});

test('/dm opens the direct room, enters it and says the text', async () => {
  const { chat, socket, screen } = await enterGeneral();
  const done = perform(chat, '/dm bruno olá, tudo bem?');
  await settle();
  assert.deepEqual(socket.inputs('direct.open'), [{ username: 'bruno' }]);
  const direct = room('direct', { kind: 'direct', name: null, peer: bruno });
  await socket.answer('direct.open', { room: direct });
  await socket.receive({ event: 'joined', room: direct });
  await done;
  assert.deepEqual(screen.take(), ['— @bruno · direct, 2 members —']);
  assert.deepEqual(socket.inputs('message.send'), [{ room: 'direct', id: 'id-1', text: 'olá, tudo bem?' }]);
});

test('/leave goes to another room once this one is left', async () => {
  const { chat, socket, screen } = await enterGeneral();
  const done = perform(chat, '/leave');
  await settle();
  await socket.answer('room.leave', {});
  await socket.receive({ event: 'left', room: 'general' });
  await done;
  assert.deepEqual(screen.take(), ['— you are out of general —', '— Tea room · 1 member —']);
});

test('what begins with two slashes is a message; an unknown command is none', async () => {
  const { chat, socket } = await enterGeneral();
  await perform(chat, '//join is a command');
  assert.deepEqual(socket.inputs('message.send'), [
    { room: 'general', id: 'id-1', text: '/join is a command' },
  ]);
  await assert.rejects(perform(chat, '/constructor x'), /there is no \/constructor/);
  await perform(chat, '   ');
  assert.equal(await perform(chat, '/quit'), 'quit');
  assert.equal(socket.unanswered.length, 1);
});

test('the command line is read, or refused in one line', () => {
  assert.deepEqual(readOptions(['--user', 'ana', '--register']), {
    url: 'http://127.0.0.1:8080',
    username: 'ana',
    register: true,
  });
  assert.equal(readOptions(['-h', '--user', 'ana']), 'help');
  for (const args of [[], ['--user', 'ana', '--url', 'ftp://x'], ['--user', 'ana', '--bogus'], ['ana']]) {
    assert.throws(() => readOptions(args), Error);
  }
});

function fakeTerminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 40 });
  let shown = '';
  output.on('data', chunk => {
    shown += chunk;
  });
  const taken = () => {
    const text = shown;
    shown = '';
    return text;
  };
  return { input, taken, terminal: new Terminal(input, output) };
}

test('on a terminal, the line being typed stays intact when a message arrives', async () => {
  const { input, taken, terminal } = fakeTerminal();
  terminal.prompt('general> ');
  const lines = terminal.lines();
  const line = lines.next();
  input.write('half a li');
  await eventually('the typed text is on the screen', () => taken().includes('li'));
  terminal.print('12:00 bruno: hi\u001b[2J');
  assert.match(taken(), /^.*12:00 bruno: hi�\[2J\n.*general> half a li.*$/su);
  input.write('ne\r');
  assert.equal((await line).value, 'half a line');
  terminal.close();
  assert.equal((await lines.next()).done, true);
});

test('on a terminal, the password is not shown', async () => {
  const { input, taken, terminal } = fakeTerminal();
  const asked = terminal.askSecret('Password: ');
  input.write('correct horse\r');
  assert.equal(await asked, 'correct horse');
  assert.equal(taken(), 'Password: \n');
  const refused = terminal.askSecret('Password: ');
  input.write('\u0003');
  assert.equal(await refused, undefined);
});

/** What a test has started and must not leave behind, even if it fails. */
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** `papo chat` as a process, with pipes. */
class ChatProcess {
  readonly lines: string[] = [];
  readonly ended: Promise<number | null>;
  readonly #child;

  constructor(args: string[], environment: Record<string, string | undefined> = { PAPO_PASSWORD: password }) {
    this.#child = spawn(process.execPath, ['src/cli/papo.ts', 'chat', ...args], {
      env: { ...process.env, ...environment },
      stdio: 'pipe',
    });
    endWithUs(this.#child);
    let text = '';
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', chunk => {
        text += chunk;
        this.lines.splice(0, this.lines.length, ...text.split('\n').slice(0, -1));
      });
    }
    this.ended = once(this.#child, 'close').then(([code]) => code);
    cleanups.push(() => this.#child.kill('SIGKILL'));
  }

  type(...lines: string[]): void {
    for (const line of lines) this.#child.stdin.write(`${line}\n`);
  }

  end(): Promise<number | null> {
    this.#child.stdin.end();
    return this.ended;
  }

  /** Waits for a line that ends so. */
  async shows(end: string): Promise<void> {
    await eventually(`shows "${end}" in ${this.lines.join('\n')}`, () =>
      this.lines.some(line => line.endsWith(end)),
    );
  }
}

test('two people talk over pipes, the server is killed in between, and everything is there once, in order', async () => {
  const database = await createDatabase();
  cleanups.push(() => database.drop());
  const environment = { DATABASE_URL: database.url, PORT: String(await ownPort()) };
  let server = await spawnServer(environment);
  cleanups.push(() => server.end('SIGTERM'));
  const { url } = server;
  const ana = new ChatProcess(['--url', url, '--user', 'ana', '--register']);
  await ana.shows('general · 1 member —');
  const bruno = new ChatProcess(['--url', url, '--user', 'bruno', '--register']);
  await ana.shows('— bruno came in —');
  ana.type('Oi, Bruno!');
  await bruno.shows('ana: Oi, Bruno!');
  await server.end('SIGKILL');
  await ana.shows(' s —');
  ana.type('still there?');
  server = await spawnServer(environment);
  await bruno.shows('ana: still there?');
  bruno.type('sure');
  // Who goes to another room before it is stored sees it as the news of that one.
  await bruno.shows('bruno: sure');
  bruno.type('/create Tea room', 'come in!', '/members');
  await bruno.shows('(owner)');
  await bruno.shows('bruno: come in!');
  ana.type('/join tea room', '/dm bruno', 'psst');
  await bruno.shows('[@ana] ana: psst');
  assert.deepEqual(await Promise.all([ana.end(), bruno.end()]), [0, 0]);
  const said = (chat: ChatProcess) =>
    chat.lines.filter(line => /^\d\d:\d\d /.test(line)).map(line => line.slice(6));
  const inGeneral = ['ana: Oi, Bruno!', 'ana: still there?', 'bruno: sure'];
  assert.deepEqual(said(bruno), [...inGeneral, 'bruno: come in!']);
  assert.deepEqual(said(ana), [...inGeneral, 'bruno: come in!', 'ana: psst']);
});

test('a script that pipes more than the outbox holds loses nothing', async () => {
  const server = await startServer({ PAPO_RATE_LIMITS: 'off' });
  cleanups.push(server.close);
  const chat = new ChatProcess(['--url', server.url, '--user', 'ana', '--register']);
  const written = Array.from({ length: 1_500 }, (_, index) => `line ${index}`);
  chat.type(...written);
  assert.equal(await chat.end(), 0);
  const said = chat.lines
    .filter(line => line.includes(' ana: '))
    .map(line => line.slice('00:00 ana: '.length));
  assert.deepEqual(said, written);
});

test('what does not work ends with one clear line and a code that is not 0', async () => {
  const server = await startServer();
  cleanups.push(server.close);
  await register(server.url, 'ana');
  const url = ['--url', server.url];
  const cases: [ChatProcess, number | null, RegExp][] = [
    [new ChatProcess([]), 2, /--user/],
    [new ChatProcess(['--user', 'ana', '--nonsense']), 2, /--nonsense/],
    [new ChatProcess([...url, '--user', 'ana'], { PAPO_PASSWORD: 'wrong horse' }), 1, /Wrong username/],
    [new ChatProcess([...url, '--user', 'ana', '--register']), 1, /taken/],
    [new ChatProcess(['--url', 'http://127.0.0.1:1', '--user', 'ana']), 1, /no answer from http:/],
    [new ChatProcess([...url, '--user', 'ana'], { PAPO_PASSWORD: undefined }), 1, /set PAPO_PASSWORD/],
  ];
  for (const [chat, code, line] of cases) {
    assert.equal(await chat.end(), code);
    assert.match(chat.lines[0] ?? '', line);
    assert.ok(chat.lines.every(text => text.startsWith('papo chat: ')));
  }
});

test('what others called themselves or wrote reaches a pipe harmless, too', async () => {
  const server = await startServer();
  cleanups.push(server.close);
  const { token } = await register(server.url, 'mallory');
  const { body } = await request<{ rooms: { id: string }[] }>(server.url, 'GET', '/rooms', { token });
  await request(server.url, 'POST', `/rooms/${body.rooms[0]?.id}/messages`, {
    token,
    body: { id: crypto.randomUUID(), text: '\u001b]0;owned\u0007' },
  });
  const chat = new ChatProcess(['--url', server.url, '--user', 'ana', '--register']);
  await chat.shows('mallory: �]0;owned�');
  assert.equal(await chat.end(), 0);
});
