/** Every screen, looked at by axe: both themes, both languages, wide and narrow. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';
import { onDatabase, registerAdministrator } from '../support/administration.ts';
import { pageScene } from '../support/page-scene.ts';
import { password } from '../support/people.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
declare const axe: { run(options: RunOptions): Promise<AxeResults> };

const scene = pageScene(async ({ server }) => {
  const bia = await scene.talker('bia');
  await registerAdministrator(server, 'ana');
  const gone = await registerAdministrator(server, 'gone');
  await onDatabase(server.databaseUrl, 'update users set disabled_at = now() where id = $1', [gone.user.id]);
  const general = (await bia.call('room.list', {})).rooms[0]?.id ?? '';
  const say = (room: string, text: string) =>
    bia.call('message.send', { room, id: crypto.randomUUID(), text });
  for (const text of [
    'Hello',
    '> quoted',
    '`code` and **bold**, https://example.org',
    '```\nfence\n```',
    '1. one\n2. two',
  ])
    await say(general, text);
  const direct = await bia.call('direct.open', { username: 'ana' });
  await say(direct.room.id, 'Only for you');
  await bia.call('room.create', { name: 'kitchen', topic: 'What we eat' });
});

async function violations(page: Page): Promise<string[]> {
  if (await page.evaluate(() => typeof axe === 'undefined')) await page.evaluate(axeSource);
  const results = await page.evaluate(() => axe.run({ resultTypes: ['violations'] }));
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
  );
}

const narrow = { width: 320, height: 700 };
const wide = { width: 1200, height: 800 };
const buttons = {
  'en-US': {
    signIn: 'Sign in',
    register: 'Create account',
    user: 'Username',
    password: 'Password',
    people: 'People',
    dialogs: [
      'Settings',
      'New room',
      'Browse rooms',
      'New direct message',
      /Room details/,
      'Find a room or person',
    ],
  },
  'pt-BR': {
    signIn: 'Entrar',
    register: 'Criar conta',
    user: 'Usuário',
    password: 'Senha',
    people: 'Pessoas',
    dialogs: [
      'Ajustes',
      'Nova sala',
      'Ver as salas',
      'Nova conversa',
      /Detalhes da sala/,
      'Procurar sala ou pessoa',
    ],
  },
} as const;

/** The dialogs with a list that comes from the server. */
const aboutList = /Browse rooms|Ver as salas|Room details|Detalhes da sala/;

for (const [locale, colorScheme, viewport] of [
  ['en-US', 'light', wide],
  ['en-US', 'dark', narrow],
  ['pt-BR', 'dark', wide],
  ['pt-BR', 'light', narrow],
] as const) {
  test(`axe finds nothing on any screen: ${locale}, ${colorScheme}, ${viewport.width} px`, async () => {
    const words = buttons[locale];
    // The page's policy doesn't let axe in: only here it is lifted.
    await using ana = await scene.come({
      locale,
      colorScheme,
      viewport,
      bypassCSP: true,
      reducedMotion: 'reduce',
    });
    const { page } = ana;
    const found: Record<string, string[]> = {};
    const look = async (screen: string) => {
      found[screen] = await violations(page);
      const overflow = await page.evaluate(() =>
        Math.max(
          ...[...document.querySelectorAll('html, dialog[open]')].map(it => it.scrollWidth - it.clientWidth),
        ),
      );
      assert.ok(overflow <= 0, `${screen} is wider than the screen by ${overflow} px`);
    };
    await look('sign in');
    await page.getByRole('button', { name: words.register }).click();
    await page.locator('form').getByRole('button', { name: words.register }).click();
    await look('register, with a problem');
    await page.getByRole('button', { name: words.signIn }).click();
    await page.getByLabel(words.user).fill('ana');
    await page.getByLabel(words.password, { exact: true }).fill(password);
    await page.locator('form').getByRole('button', { name: words.signIn }).click();
    await page.locator('.room-link', { hasText: 'general' }).waitFor();
    if (viewport === narrow) await look('list');
    await ana.open('general');
    await ana.sees('fence');
    await look('room');
    for (const name of words.dialogs) {
      const isInRoom = typeof name !== 'string';
      if (viewport === narrow && !isInRoom) await page.goto(scene.url);
      if (viewport === narrow && isInRoom) await ana.open('general');
      await page.getByRole('button', { name }).click();
      await page.locator('dialog[open]').waitFor();
      if (aboutList.test(String(name))) await page.locator('dialog[open] .rows-list li').first().waitFor();
      await look(String(name));
      await page.keyboard.press('Escape');
      await page.locator('dialog[open]').waitFor({ state: 'detached' });
    }
    if (viewport === narrow) await page.goto(scene.url);
    await page.getByRole('button', { name: words.dialogs[0] }).click();
    await page.getByRole('button', { name: words.people, exact: true }).click();
    await page.locator('.account-head', { hasText: '@bia' }).click();
    await look('people');
    await page.locator('.account-body button').last().click();
    await look('people, asked whether to disable one');
    await page.keyboard.press('Escape');
    await page.goto(`${scene.url}/r/nowhere`);
    await page.locator('.placeholder h1').waitFor();
    await look('no such room');
    await page.routeWebSocket(/\/ws$/, socket => {
      const there = socket.connectToServer();
      there.onMessage(frame => socket.send(String(frame).replace('"protocol":1', '"protocol":9')));
    });
    await page.reload();
    await page.locator('.placeholder code').waitFor();
    await look('refused');
    assert.deepEqual(
      Object.entries(found).filter(([, list]) => list.length > 0),
      [],
    );
    assert.deepEqual(ana.oddities, []);
  });
}
