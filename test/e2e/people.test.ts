/** What an administrator does with accounts, and what those see whose accounts they are. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { administratorsOf, onDatabase, registerAdministrator } from '../support/administration.ts';
import { pageScene } from '../support/page-scene.ts';
import type { Visitor } from '../support/page-visitor.ts';
import { password, register } from '../support/people.ts';
import { eventually } from '../support/waiting.ts';

const scene = pageScene(async ({ server, url }) => {
  await registerAdministrator(server, 'ana');
  for (const name of ['bruno', 'carla', 'davi', 'eva']) await register(url, name);
});
beforeEach(async () => {
  const asAtFirst = "update users set administrator = (username = 'ana'), disabled_at = null";
  await onDatabase(scene.server.databaseUrl, asAtFirst);
});

/** Signs in, and opens the screen by the settings. */
async function administer(username: string): Promise<Visitor> {
  const visitor = await scene.signIn(username);
  await openPeople(visitor.page);
  return visitor;
}

async function openPeople(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'People', exact: true }).click();
  await page.getByRole('heading', { name: 'People' }).waitFor();
}

function rowOf(page: Page, username: string): Locator {
  return page.locator('.account', { hasText: `@${username} ·` });
}

/** Opens somebody's row and presses a button in it. */
async function press(page: Page, username: string, button: string): Promise<void> {
  const row = rowOf(page, username);
  const head = row.locator('.account-head');
  if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
  await row.getByRole('button', { name: button }).click();
}

function hasFocus(button: Locator): Promise<unknown> {
  return eventually('the button has the focus', () =>
    button.evaluate(element => element === document.activeElement),
  );
}

/**
 * The page's connection to the server, to be made after this: which questions were answered, and how if not by the server.
 * Those that are held wait until they are released.
 */
async function listen(page: Page) {
  const waiting: (() => void)[] = [];
  const line = {
    answered: [] as string[],
    refuse: new Set<string>(),
    hold: new Set<string>(),
    release() {
      line.hold.clear();
      for (const pass of waiting.splice(0)) pass();
    },
  };
  await page.routeWebSocket(/\/ws$/, socket => {
    const upstream = socket.connectToServer();
    const asked = new Map<unknown, string>();
    socket.onMessage(message => {
      const { ref, op } = JSON.parse(String(message)) as { ref: unknown; op: string };
      asked.set(ref, op);
      const error = { code: 'unavailable', message: 'not now', retryable: true };
      if (line.hold.has(op)) waiting.push(() => upstream.send(message));
      else if (line.refuse.has(op)) socket.send(JSON.stringify({ ref, error }));
      else upstream.send(message);
    });
    upstream.onMessage(message => {
      socket.send(message);
      for (const [, ref] of String(message).matchAll(/"ref":(\d+)/g))
        line.answered.push(asked.get(Number(ref)) ?? '');
    });
  });
  return line;
}

test('who is disabled is signed out, and told why when they come back; enabled again, they go on where they were', async () => {
  await using bruno = await scene.signIn('bruno');
  await bruno.say('what I wrote');
  await bruno.isSent('what I wrote');
  await using ana = await administer('ana');
  const { page } = ana;
  await press(page, 'bruno', 'Disable account');
  await page.getByText('Disable the account of bruno?').waitFor();
  await page.getByText('It is signed out on every device at once').waitFor();
  await hasFocus(rowOf(page, 'bruno').getByRole('button', { name: 'Cancel' }));
  await page.keyboard.press('Enter');
  await hasFocus(rowOf(page, 'bruno').getByRole('button', { name: 'Disable account' }));
  assert.equal(await bruno.composer.count(), 1, 'nothing has happened yet');
  await page.keyboard.press('Enter');
  await page.getByText('Disable the account of bruno?').waitFor();
  await press(page, 'bruno', 'Disable account');
  await rowOf(page, 'bruno').locator('.mark', { hasText: 'disabled' }).waitFor();
  await hasFocus(rowOf(page, 'bruno').getByRole('button', { name: 'Enable account' }));

  await bruno.page.getByText('You were signed out.').waitFor();
  await bruno.page.getByLabel('Username').fill('bruno');
  await bruno.page.getByLabel('Password', { exact: true }).fill(password);
  await bruno.page.keyboard.press('Enter');
  await bruno.page.getByRole('alert').getByText('This account is disabled.').waitFor();
  await press(page, 'bruno', 'Enable account');
  await rowOf(page, 'bruno').locator('.mark').waitFor({ state: 'detached' });
  await bruno.signIn('bruno');
  await bruno.sees('what I wrote');
  assert.deepEqual(ana.oddities, []);
});

test('behind a proxy that loses the server’s name one is told what to tell whoever runs it, not that one is disabled', async () => {
  await using guest = await scene.come();
  const { page } = guest;
  // The page is then of another origin than the server's own.
  const problem = { status: 403, json: { code: 'forbidden', title: 'Not allowed', status: 403 } };
  await page.route('**/login', route => route.fulfill(problem));
  await page.getByLabel('Username').fill('bruno');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  const told = page.getByRole('alert').getByText(`${scene.url} for its own address`);
  await told.waitFor();
});

test('who is made an administrator has the screen when they open the settings, and loses it with the right', async () => {
  await using carla = await scene.come();
  const line = await listen(carla.page);
  await carla.signIn('carla');
  const settings = carla.page.getByRole('button', { name: 'Settings' });
  const people = carla.page.getByRole('button', { name: 'People', exact: true });
  // The page has asked at its beginning, and asks each time the settings are opened.
  await settings.click();
  await eventually(
    'it is known what she is',
    () => line.answered.filter(op => op === 'account.me').length === 2,
  );
  await carla.page.getByRole('button', { name: 'Sign out on this device' }).waitFor();
  assert.equal(await people.count(), 0);
  await carla.page.keyboard.press('Escape');

  await using ana = await administer('ana');
  await press(ana.page, 'carla', 'Make administrator');
  await rowOf(ana.page, 'carla').locator('.mark', { hasText: 'administrator' }).waitFor();
  await rowOf(ana.page, 'carla').getByRole('status').getByText('An administrator from now on.').waitFor();
  await hasFocus(rowOf(ana.page, 'carla').getByRole('button', { name: 'Remove as administrator' }));
  assert.deepEqual(await administratorsOf(scene.server), ['ana', 'carla']);
  await openPeople(carla.page);
  await rowOf(carla.page, 'davi').waitFor();

  await press(ana.page, 'carla', 'Remove as administrator');
  await rowOf(ana.page, 'carla').locator('.mark').waitFor({ state: 'detached' });
  await press(carla.page, 'davi', 'Make administrator');
  await carla.page.getByText('You aren’t an administrator any more.').waitFor();
  assert.deepEqual(await administratorsOf(scene.server), ['ana']);
  await carla.page.keyboard.press('Escape');
  await settings.click();
  await carla.page.getByRole('button', { name: 'Sign out on this device' }).waitFor();
  assert.equal(await people.count(), 0);
  assert.deepEqual(carla.oddities, []);
});

test('the last administrator is asked, refused with the reason, and stays one', async () => {
  await using ana = await administer('ana');
  const { page } = ana;
  const row = rowOf(page, 'ana');
  await press(page, 'ana', 'Disable account');
  await page.getByText('It is your own: you are signed out too').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await press(page, 'ana', 'Remove as administrator');
  await page.getByText('Stop being an administrator?').waitFor();
  await press(page, 'ana', 'Remove as administrator');
  await row.getByRole('alert').getByText('One administrator has to remain.').waitFor();
  await hasFocus(row.getByRole('button', { name: 'Remove as administrator' }));
  assert.equal(await row.locator('.mark').innerText(), 'administrator');
  await page.keyboard.press('Escape');
  await hasFocus(page.getByRole('button', { name: 'Settings' }));
  assert.deepEqual(await administratorsOf(scene.server), ['ana']);
});

test('one of two administrators lays it down, and is told that it is so', async () => {
  await onDatabase(scene.server.databaseUrl, "update users set administrator = true where username = 'eva'");
  await using eva = await administer('eva');
  await press(eva.page, 'eva', 'Remove as administrator');
  await press(eva.page, 'eva', 'Remove as administrator');
  await eva.page.getByText('You aren’t an administrator any more.').waitFor();
  assert.deepEqual(await administratorsOf(scene.server), ['ana']);
});

test('accounts come page by page, are found by typing, and a list or a change that failed is tried again', async () => {
  const statement = `insert into users (id, username, display_name, display_key, password_hash)
    select gen_random_uuid(), 'guest' || n, 'Guest ' || n, 'guest ' || n, '' from generate_series(100, 199) n`;
  await onDatabase(scene.server.databaseUrl, statement);
  await using ana = await scene.come();
  const { page } = ana;
  const line = await listen(page);
  line.refuse.add('account.list').add('account.promote');
  await ana.signIn('ana');
  await openPeople(page);
  await page.getByText('Couldn’t load.').waitFor();
  line.refuse.delete('account.list');
  line.hold.add('account.list');
  await page.getByRole('button', { name: 'Retry' }).press('Enter');
  await hasFocus(page.getByRole('button', { name: 'Loading…' }));
  line.release();
  const rows = page.locator('.account');
  await rowOf(page, 'ana').waitFor();
  const first = await rows.count();
  const more = page.getByRole('button', { name: 'Show more' });
  await hasFocus(more);
  line.hold.add('account.list');
  await page.keyboard.press('Enter');
  await rowOf(page, 'guest190').waitFor();
  await hasFocus(page.getByRole('button', { name: 'Loading…' }));
  line.release();
  await hasFocus(more);
  await page.keyboard.press('Enter');
  await rowOf(page, 'guest199').waitFor();
  await more.waitFor({ state: 'detached' });
  await hasFocus(page.locator('.list-end:not(p)'));
  assert.equal(first, 50);
  assert.equal(await rows.count(), 105);

  const search = page.getByLabel('Name or username');
  await search.fill('Guest 12');
  await eventually('ten are found', async () => (await rows.count()) === 10);
  await search.fill('nobody is called so');
  await page.getByRole('status').getByText('Nobody by that name.').waitFor();
  assert.equal(await rows.count(), 0);

  await search.fill('guest150');
  await rowOf(page, 'guest150').waitFor();
  await press(page, 'guest150', 'Make administrator');
  const problem = rowOf(page, 'guest150').getByRole('alert');
  await problem.getByText('The server can’t be reached. Try again.').waitFor();
  line.refuse.clear();
  await press(page, 'guest150', 'Make administrator');
  await rowOf(page, 'guest150').locator('.mark', { hasText: 'administrator' }).waitFor();
  assert.equal(await problem.innerText(), '');
  assert.deepEqual(ana.oddities, []);
});
