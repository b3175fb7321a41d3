/** How a running server learns of logins that ended elsewhere. */
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { LoginWatch } from '../src/server/live/login-watch.ts';
import { Administration } from '../src/server/store/administration.ts';
import { openSingle } from '../src/server/store/database.ts';
import { EndedLogins, type EndedSince } from '../src/server/store/ended-logins.ts';
import { onDatabase } from './support/administration.ts';
import { atEnd } from './support/at-end.ts';
import { silent } from './support/backups.ts';
import { settle } from './support/fake-clock.ts';
import { register, request, TestSocket } from './support/people.ts';
import { ownServer } from './support/server.ts';

/** A watch, over a database and a hub that say what a test wants, by a clock that the test moves. */
function scene(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout'] });
  atEnd(t, () => mock.timers.reset());
  const asked: (Date | undefined)[] = [];
  const signedOut: string[] = [];
  const lines: string[] = [];
  let answer: () => Promise<EndedSince> = async () => ({ at: new Date(asked.length), users: [] });
  const live = new Map([
    ['ana', ['ana-1', 'ana-2']],
    ['bruno', ['bruno-1']],
  ]);
  const watch = new LoginWatch(
    {
      since: since => {
        asked.push(since);
        return answer();
      },
      among: async logins => logins.filter(login => login !== 'ana-1'),
    },
    {
      logins: (users = live.keys()) => [...users].flatMap(user => live.get(user) ?? []),
      signOut: login => void signedOut.push(login),
    },
    pino({ level: 'info', base: null }, { write: line => void lines.push(JSON.parse(line).msg) }),
  );
  watch.start();
  atEnd(t, () => watch.stop());
  return {
    watch,
    asked,
    signedOut,
    lines,
    answerWith: (next: () => Promise<EndedSince>) => {
      answer = next;
    },
    async second() {
      mock.timers.tick(1_000);
      await settle();
    },
  };
}

test('each look begins where the last one was, and ends the sessions whose login is gone', async t => {
  const { asked, signedOut, answerWith, second } = scene(t);
  answerWith(async () => ({ at: new Date(1), users: undefined }));
  await second();
  assert.deepEqual(signedOut.splice(0), ['ana-2', 'bruno-1']);
  answerWith(async () => ({ at: new Date(2), users: ['bruno', 'somebody who is not here'] }));
  await second();
  assert.deepEqual(signedOut, ['bruno-1']);
  await second();
  assert.deepEqual(asked, [undefined, new Date(1), new Date(2)]);
});

test('no look begins while one is under way, and none after the stop, which waits for it', async t => {
  const { watch, asked, answerWith, second } = scene(t);
  const { promise, resolve } = Promise.withResolvers<EndedSince>();
  answerWith(() => promise);
  for (let seconds = 0; seconds < 5; seconds += 1) await second();
  assert.equal(asked.length, 1);
  let isStopped = false;
  const stopping = watch.stop().then(() => {
    isStopped = true;
  });
  await settle();
  assert.equal(isStopped, false);
  resolve({ at: new Date(1), users: [] });
  await stopping;
  await second();
  assert.equal(asked.length, 1);
});

test('an outage is logged once, and after it everyone is looked at', async t => {
  const { asked, signedOut, lines, answerWith, second } = scene(t);
  await second();
  answerWith(() => Promise.reject(new Error('away')));
  for (let seconds = 0; seconds < 5; seconds += 1) await second();
  assert.equal(lines.length, 1);
  answerWith(async () => ({ at: new Date(9), users: undefined }));
  await second();
  await second();
  assert.deepEqual(asked.slice(-2), [undefined, new Date(9)]);
  assert.ok(signedOut.includes('bruno-1'));
  assert.equal(lines.length, 2);
});

test('who ended a login and was slow to commit is seen all the same', async t => {
  const server = await ownServer(t);
  const { user } = await register(server.url, 'ana');
  const db = openSingle({ connectionString: server.databaseUrl }, silent);
  const slow = openSingle({ connectionString: server.databaseUrl }, silent);
  atEnd(t, () => Promise.all([db.destroy(), slow.destroy()]));
  const ended = new EndedLogins(db);
  let lookedAt: Date | undefined;
  await slow.transaction().execute(async tx => {
    await tx.deleteFrom('logins').where('user_id', '=', user.id).execute();
    const look = await ended.since((await ended.since(undefined)).at);
    assert.deepEqual(look.users, []);
    lookedAt = look.at;
  });
  assert.deepEqual((await ended.since(lookedAt)).users, [user.id]);
  // Far enough behind, a look sees nothing of it.
  await onDatabase(server.databaseUrl, "update ended_logins set at = at - interval '10 minutes'");
  assert.deepEqual((await ended.since(lookedAt)).users, []);
});

/** The first look of a server is at everyone; only from the second one on is it the database that names people. */
const names = ['bruno', 'carla'];

test('[ADMIN-2] a running server closes the sockets of who is disabled by another process, and of nobody else', async t => {
  const server = await ownServer(t);
  const db = openSingle({ connectionString: server.databaseUrl }, silent);
  atEnd(t, () => db.destroy());
  const ana = await register(server.url, 'ana');
  const hers = await TestSocket.live(server.url, ana.token);
  for (const name of names) {
    const { user, token } = await register(server.url, name);
    const socket = await TestSocket.live(server.url, token);
    await new Administration(db).disable(user.id, undefined);
    assert.equal((await socket.closed).code, 4501);
    // Only now: a server that is asked learns of it by that.
    assert.equal((await request(server.url, 'GET', '/me', { token })).status, 401);
  }
  assert.deepEqual((await hers.call('account.me', {})).user, ana.user);
});

test('logins that are deleted by hand are noticed too', async t => {
  const server = await ownServer(t);
  for (const name of names) {
    const grants = [await register(server.url, name), await register(server.url, `${name}2`)];
    const sockets = await Promise.all(grants.map(({ token }) => TestSocket.live(server.url, token)));
    await onDatabase(server.databaseUrl, 'delete from logins');
    for (const socket of sockets) assert.equal((await socket.closed).code, 4501);
  }
});
