/** A bad network, and a server that dies: what was written goes out once, in order, and one is told how it stands. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pageScene } from '../support/page-scene.ts';
import { Visitor } from '../support/page-visitor.ts';
import { spawnServer } from '../support/server.ts';
import { ShakyNetwork } from '../support/shaky-network.ts';

const scene = pageScene();
const allIsWell = 'Everything up to here has arrived.';

test('three messages written without a network survive a reload and arrive once each, in order', async () => {
  await using network = await ShakyNetwork.to(scene.url);
  await using ana = await Visitor.register(scene.browser, network.url, 'ana');
  await using bruno = await scene.register('bruno');
  await ana.say('before');
  await bruno.sees('before');
  await ana.isKept();
  network.down();
  for (const text of ['one', 'two', 'three']) await ana.say(text);
  const notice = ana.page.locator('.notice-bar');
  await notice.getByText('Reconnecting…').waitFor();
  await notice.getByText('3 waiting').waitFor();
  await ana.hasKept(3, 'messages');
  await ana.page.reload();
  await notice.getByText('Reconnecting…').waitFor();
  network.up();
  await bruno.sees('three');
  await ana.isSent('three');
  await ana.wasTold(allIsWell);
  const expected = ['before', 'one', 'two', 'three'];
  assert.deepEqual(await bruno.texts(), expected);
  assert.deepEqual(await ana.texts(), expected);
  assert.deepEqual([...ana.oddities, ...bruno.oddities], []);
});

test('“Retry now” tries at once, while the page still waits for its next turn', async () => {
  await using network = await ShakyNetwork.to(scene.url);
  await using bia = await Visitor.register(scene.browser, network.url, 'bia');
  // It throws dice for how long it waits: with these, for days.
  await bia.context.addInitScript('Math.random = () => 1000');
  await bia.page.reload();
  await bia.composer.waitFor();
  network.down();
  await bia.page.locator('.notice-bar').getByText('Reconnecting…').waitFor();
  network.up();
  await bia.page.getByRole('button', { name: 'Retry now' }).click();
  await bia.wasTold(allIsWell);
});

test('the browser says that it is offline, and then that it is not; on a phone above the list, too', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  await using eva = await Visitor.register(scene.browser, scene.url, 'eva', phone);
  await eva.page.locator('.room-link', { hasText: 'general' }).waitFor();
  await eva.context.setOffline(true);
  await eva.page.locator('.notice-bar').getByText('You are offline.').waitFor();
  await eva.context.setOffline(false);
  await eva.wasTold(allIsWell);
});

test('a server killed in the middle: what was being said arrives once each, in order', async () => {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'papo-outage-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const start = () => spawnServer({ PAPO_DATA_DIR: folder, PAPO_LOG_LEVEL: 'info' });
  let server = await start();
  undo.defer(async () => void (await server.end('SIGTERM')));
  const network = undo.use(await ShakyNetwork.to(server.url));
  const carla = undo.use(await Visitor.register(scene.browser, network.url, 'carla'));
  const davi = undo.use(await Visitor.register(scene.browser, network.url, 'davi'));
  const said = Array.from({ length: 20 }, (_, at) => `number ${at}`);
  const death = Promise.withResolvers<void>();
  const say = async () => {
    for (const [at, text] of said.entries()) {
      // However quick the page is, half of it is said to no one.
      if (at === said.length / 2) await death.promise;
      await carla.say(text);
    }
  };
  const restart = async () => {
    await davi.sees('number 3');
    await server.end('SIGKILL');
    death.resolve();
    server = await start();
    network.leadTo(server.url);
  };
  await Promise.all([say(), restart()]);
  await davi.sees('number 19');
  await carla.isSent('number 19');
  assert.deepEqual(await davi.texts(), said);
  assert.deepEqual(await carla.texts(), said);
});
