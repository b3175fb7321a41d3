/** `node tools/screenshots.ts FOLDER`: a papo with people who talk, and pictures of the page that they see. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Browser, Page } from 'playwright-core';
import { ChatClient, register } from '../src/sdk/index.ts';
import { openBrowser } from '../test/support/browser.ts';
import { Visitor } from '../test/support/page-visitor.ts';
import { password } from '../test/support/people.ts';
import { type ServerProcess, spawnServer } from '../test/support/server.ts';

const folder = process.argv[2] ?? 'docs/images';
const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const people = { ana: 'Ana Souza', bruno: 'Bruno Lima', carla: 'Carla Mendes', davi: 'Davi Rocha' } as const;
type Name = keyof typeof people;

const scratch = mkdtempSync(join(tmpdir(), 'papo-screenshots-'));
const server = await spawnServer({ PAPO_DATA_DIR: scratch, PAPO_LOG_LEVEL: 'info' });
const browser = await openBrowser();
try {
  mkdirSync(folder, { recursive: true });
  await talk(server);
  await takeAll(browser, server.url);
} finally {
  await browser.close();
  await server.end('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
}

async function talk({ url }: ServerProcess): Promise<void> {
  const clients = {} as Record<Name, ChatClient>;
  for (const [username, displayName] of Object.entries(people)) {
    const client = new ChatClient({ url, grant: await register(url, { username, password, displayName }) });
    await client.connect();
    clients[username as Name] = client;
  }
  const { ana, bruno, carla, davi } = clients;
  const make = async (name: string, kind: 'public' | 'private', topic?: string) => {
    const { room } = await ana.call('room.create', { name, kind, ...(topic && { topic }) });
    for (const other of [bruno, carla, davi])
      await ana.call('room.invite', { room: room.id, user: other.me?.id ?? '' });
    return room.id;
  };
  const say = async (who: ChatClient, room: string, ...texts: string[]) => {
    for (const text of texts) await who.send(room, text).done;
  };
  const launch = await make('launch', 'public', 'Everything for the 14th');
  const kitchen = await make('kitchen', 'public');
  const budget = await make('budget', 'private');
  await say(bruno, launch, 'Morning! The new page is on the test server.');
  await say(
    carla,
    launch,
    'Looks good on my phone. Two things I noticed:\n\n1. the date is still **the 12th**\n2. `npm start` prints the old address',
  );
  await say(bruno, launch, 'Both fixed. You can see it at https://test.example.org/launch');
  await say(ana, launch, 'Great. Who writes the announcement?');
  await say(
    davi,
    launch,
    'I do. First try:',
    '> One command, a real database inside, and nothing gets lost.',
  );
  await say(carla, launch, 'I like it. Short.');
  await say(ana, launch, 'Me too. Send it on Thursday at nine?');
  await say(davi, launch, 'Thursday at nine.');
  await say(bruno, kitchen, 'There is cake.');
  await say(carla, budget, 'The numbers for March are in.');
  const { room: direct } = await bruno.call('direct.open', { username: 'ana' });
  await say(bruno, direct.id, 'Can you look at the invoice before lunch?', 'It is in the usual place.');
  const { room: other } = await ana.call('direct.open', { username: 'carla' });
  await say(ana, other.id, 'Thank you for yesterday!');
  await ana.markRead(budget);
  await ana.markRead(launch, 4);
  for (const client of Object.values(clients)) client.close();
}

async function takeAll(browser: Browser, url: string): Promise<void> {
  const take = (page: Page, name: string) => page.screenshot({ path: join(folder, `${name}.png`) });
  const light = await Visitor.come(browser, url, desktop);
  await take(light.page, 'sign-in');
  await light.signIn('ana');
  await light.open('launch');
  await light.sees('Thursday at nine.');
  await take(light.page, 'desktop-light');
  await light.page.keyboard.press('Control+k');
  await light.page.waitForTimeout(400);
  await take(light.page, 'switcher');
  await light.page.keyboard.press('Escape');
  for (const [button, name] of [
    ['Settings', 'settings'],
    ['New room', 'new-room'],
    ['Browse rooms', 'browse'],
    ['New direct message', 'new-direct'],
    [/Room details/, 'room-details'],
  ] as const) {
    await light.page.getByRole('button', { name: button }).click();
    await light.page.waitForTimeout(400);
    await take(light.page, name);
    await light.page.keyboard.press('Escape');
  }
  await light.page.locator('.room-head h1').click();
  await light.page.keyboard.press('?');
  await take(light.page, 'keys');
  const dark = await Visitor.signIn(browser, url, 'ana', { ...desktop, colorScheme: 'dark' });
  await dark.open('launch');
  await dark.sees('Thursday at nine.');
  await take(dark.page, 'desktop-dark');
  await dark.page.getByRole('button', { name: 'Settings' }).click();
  await take(dark.page, 'settings-dark');
  const small = await Visitor.signIn(browser, url, 'ana', phone);
  await small.page.locator('.room-link').first().waitFor();
  await take(small.page, 'phone-list');
  await small.open('launch');
  await small.sees('Thursday at nine.');
  await take(small.page, 'phone-room');
  const portuguese = await Visitor.come(browser, url, { ...desktop, locale: 'pt-BR', colorScheme: 'dark' });
  await take(portuguese.page, 'portuguese-sign-in');
  await portuguese.page.getByLabel('Usuário').fill('ana');
  await portuguese.page.getByLabel('Senha', { exact: true }).fill(password);
  await portuguese.page.locator('form').getByRole('button', { name: 'Entrar' }).click();
  await portuguese.open('launch');
  await portuguese.sees('Thursday at nine.');
  await take(portuguese.page, 'portuguese');
}
