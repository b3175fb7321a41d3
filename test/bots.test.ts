/**
 * The bots of examples/, each in its own language and by its own means, live through the same day: a network that breaks,
 * a room too far ahead, a renaming, a removal, a crowd, a restart, tokens that expire. Each command is answered once.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Grant, Message, Room } from '../src/contract/objects.ts';
import { endWithUs } from './support/child.ts';
import { password, register, request } from './support/people.ts';
import { ownPort } from './support/ports.ts';
import { createDatabase, type TestDatabase } from './support/postgres.ts';
import { startServer, type TestServer } from './support/server.ts';
import { ShakyNetwork } from './support/shaky-network.ts';
import { eventually } from './support/waiting.ts';

const bots: Record<string, { command: string; args: string[]; skip: string | false }> = {
  'on the SDK': {
    command: process.execPath,
    args: ['--conditions=papo:source', 'examples/bot.ts'],
    skip: false,
  },
  'on a bare WebSocket': { command: process.execPath, args: ['examples/bare-bot.js'], skip: false },
  'in Python': { command: '/usr/bin/python3', args: ['examples/bot.py'], skip: withoutPython() },
};

/** Why the Python bot can't run here. */
function withoutPython(): string | false {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import websockets'], { stdio: 'pipe' });
    return false;
  } catch {
    return 'needs /usr/bin/python3 with the package websockets (Debian: python3-websockets)';
  }
}

/** Side by side: each bot has a server and a database of its own. */
describe('a day in the life of a bot', { concurrency: true }, () => {
  for (const [name, { command, args, skip }] of Object.entries(bots)) {
    describe(`the bot ${name}`, { skip, concurrency: false }, () => {
      let day: Day;

      before(async () => {
        day = await Day.begin(command, args);
      });

      after(() => day.end());

      test('answers a command with the text, and another one with the name of the room and how many are in it', async () => {
        await day.expect(['!echo Olá, mundo!'], ['Olá, mundo!']);
        await day.expect(['!room'], ['Lab: 2']);
      });

      test("doesn't answer itself", () => day.expect(['!echo !room', '!echo still'], ['!room', 'still']));

      test('[G6] answers what was said while its network was down, each once and in order', async () => {
        await day.while(() => day.sayAll(['!echo 2', 'not a command', '!echo 3', '!echo 4']));
        await day.expect([], ['2', '3', '4']);
      });

      test('follows a renaming', async () => {
        await day.rename('Workshop');
        await day.expect(['!room'], ['Workshop: 2']);
      });

      test('[G9] follows a renaming while away, and is silent about what was said while it was out', async () => {
        await day.while(async () => {
          await day.rename('Studio');
          await day.remove();
          await day.sayAll(['!echo behind your back']);
          await day.invite();
          await day.sayAll(['!echo while you were away']);
        });
        await day.expect(['!room'], ['while you were away', 'Studio: 2']);
      });

      test('[G9] is silent where it was removed, and goes on when it is invited again', async () => {
        await day.while(async () => {
          await day.remove();
          await day.sayAll(['!echo not for you']);
        });
        await day.botIsTold(`"left":["${day.room}"]`);
        await day.invite();
        await day.botIsTold('"event":"joined"');
        await day.expect(['!echo welcome back'], ['welcome back']);
      });

      test('[G6] misses nothing where the room is too far ahead for catching up', async () => {
        const fillers = Array.from({ length: 230 }, (_, index) => `filler ${index}`);
        await day.while(() =>
          day.sayAll([
            '!echo early',
            ...fillers.slice(0, 115),
            '!echo middle',
            ...fillers.slice(115),
            '!echo late',
          ]),
        );
        await day.expect([], ['early', 'middle', 'late']);
      });

      test('knows how many are in a room that is too crowded to be told who', async () => {
        await day.crowd(600);
        await day.expect(['!room'], ['Studio: 602']);
      });

      test('[G1] comes back to a server that was restarted', async () => {
        await day.restartServer();
        await day.expect(['!echo still here'], ['still here']);
      });

      test('gets a new token before the old one expires, and goes on', async () => {
        await eventually('the bot refreshes its token', () => day.network.hasAsked('POST /refresh'));
        await day.expect(['!echo renewed'], ['renewed']);
      });
    });
  }
});

type DayParts = {
  database: TestDatabase;
  network: ShakyNetwork;
  server: TestServer;
  ana: Person;
  bot: ChildProcess;
  botUser: string;
  room: string;
};

/** Somebody who asks over HTTP, and whose token doesn't expire in between. */
class Person {
  #grant: Grant;

  constructor(grant: Grant) {
    this.#grant = grant;
  }

  async ask<Body>(url: string, method: string, path: string, body?: unknown): Promise<Body> {
    if (Date.parse(this.#grant.expiresAt) - Date.now() < 5_000) {
      const { refreshToken } = this.#grant;
      this.#grant = (await request<Grant>(url, 'POST', '/refresh', { body: { refreshToken } })).body;
    }
    const { token } = this.#grant;
    const answer = await request<Body>(url, method, path, { token, body });
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    return answer.body;
  }
}

/** A server, a person, a room, and a bot that reaches the server through a network that the test can take down. */
class Day {
  readonly network: ShakyNetwork;
  readonly room: string;
  readonly #database: TestDatabase;
  readonly #ana: Person;
  readonly #bot: ChildProcess;
  readonly #botUser: string;
  readonly #log: string[] = [];
  #server: TestServer;
  /** All that the bot has to have said by now. */
  readonly #expected: string[] = [];

  private constructor(parts: DayParts) {
    this.network = parts.network;
    this.room = parts.room;
    this.#database = parts.database;
    this.#ana = parts.ana;
    this.#bot = parts.bot;
    this.#botUser = parts.botUser;
    this.#server = parts.server;
    for (const stream of [parts.bot.stdout, parts.bot.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', line => this.#log.push(line));
    }
  }

  static async begin(command: string, args: string[]): Promise<Day> {
    const database = await createDatabase();
    const PORT = String(await ownPort());
    const server = await startServer({ ...dayEnvironment, PORT }, database.url);
    const network = await ShakyNetwork.to(server.url);
    const ana = new Person(await register(server.url, 'ana'));
    const botty = await register(server.url, 'botty');
    const lab = { name: 'Lab', kind: 'private' };
    const { room } = await ana.ask<{ room: Room }>(server.url, 'POST', '/rooms', lab);
    const bot = spawn(command, args, {
      env: { PATH: process.env.PATH, PAPO_URL: network.url, PAPO_USER: 'botty', PAPO_PASSWORD: password },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithUs(bot);
    const day = new Day({ database, network, server, ana, bot, botUser: botty.user.id, room: room.id });
    try {
      await day.botIsTold('"rooms":[]');
      await day.invite();
      await day.botIsTold('"event":"joined"');
    } catch (error) {
      await day.end();
      throw error;
    }
    return day;
  }

  async end(): Promise<void> {
    this.#bot.kill();
    if (this.#bot.exitCode === null && this.#bot.signalCode === null) await once(this.#bot, 'exit');
    await this.network.close();
    await this.#server.close();
    await this.#database.drop();
  }

  /** Ana says these; sooner or later the bot has said those, each once, in this order, and nothing else. */
  async expect(said: readonly string[], answers: readonly string[]): Promise<void> {
    await this.sayAll(said);
    this.#expected.push(...answers);
    await eventually(
      `the bot answers ${answers.join(', ')}`,
      async () => (await this.#botTexts()).length >= this.#expected.length,
    ).catch(async error => {
      const seen = { texts: await this.#botTexts(), log: this.#log.slice(-20) };
      throw new Error(`${error.message} ${JSON.stringify(seen)}`);
    });
    assert.deepEqual(await this.#botTexts(), this.#expected);
  }

  /** Does something while the bot's network is down. */
  async while(act: () => Promise<void>): Promise<void> {
    this.network.down();
    await act();
    this.network.up();
  }

  async sayAll(texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.#ask('POST', '/messages', { id: uuidv7(), text });
  }

  async rename(name: string): Promise<void> {
    await this.#ask('PATCH', '', { name });
  }

  async remove(): Promise<void> {
    await this.#ask('DELETE', `/members/${this.#botUser}`);
  }

  async invite(): Promise<void> {
    await this.#ask('POST', '/members', { user: this.#botUser });
  }

  /** The server has sent the bot this, since its network came up last. */
  async botIsTold(text: string): Promise<void> {
    await eventually(`the bot is told ${text}`, () => this.network.hasAnswered(text)).catch(error => {
      throw new Error(`${error.message} ${this.#log.slice(-20).join('\n')}`);
    });
  }

  /** So many more come in, past the server: it notices with the next one who comes by its door. */
  async crowd(count: number): Promise<void> {
    const client = new pg.Client(this.#database.url);
    await client.connect();
    await client.query('begin');
    await client.query('select from room_heads where room_id = $1 for no key update', [this.room]);
    await client.query(
      `with head as (select version from room_heads where room_id = $1),
       people as (
         insert into users (id, username, display_name, password_hash)
         select gen_random_uuid(), 'crowd-' || n, 'Crowd', '' from generate_series(1, $2) n returning id
       ),
       numbered as (select id, row_number() over () + head.version as version from people, head)
       insert into members (room_id, user_id, role, state, version, since, read_seq)
       select $1, id, 'member', 'in', version, version, 0 from numbered`,
      [this.room, count],
    );
    await client.query(
      'update room_heads set version = version + $2, member_count = member_count + $2 where room_id = $1',
      [this.room, count],
    );
    await client.query('commit');
    await client.end();
  }

  async restartServer(): Promise<void> {
    const { port: PORT } = new URL(this.#server.url);
    await this.#server.close();
    this.#server = await startServer({ ...dayEnvironment, PORT }, this.#database.url);
  }

  async #botTexts(): Promise<string[]> {
    const texts: string[] = [];
    for (let seq = 0, more = true; more; ) {
      const page = await this.#ask<{ messages: Message[]; more: boolean }>(
        'GET',
        `/messages?after=${seq}&limit=100`,
      );
      texts.push(
        ...page.messages.filter(({ sender }) => sender.username === 'botty').map(({ text }) => text),
      );
      seq = page.messages.at(-1)?.seq ?? seq;
      more = page.more;
    }
    return texts;
  }

  #ask<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    return this.#ana.ask(this.#server.url, method, `/rooms/${this.room}${path}`, body);
  }
}

/** Tokens live as shortly as they may. */
const dayEnvironment = { PAPO_TOKEN_TTL: '10', PAPO_DEFAULT_ROOMS: '' };
