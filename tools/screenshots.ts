/**
 * `node tools/screenshots.ts`: the pictures of the page in docs/images. With a folder, `node tools/screenshots.ts FOLDER`: every
 * screen, to be looked at.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { ChatClient, login, register } from '../src/sdk/index.ts';
import { openBrowser } from '../test/support/browser.ts';
import { Visitor } from '../test/support/page-visitor.ts';
import { password } from '../test/support/people.ts';
import { type ServerProcess, spawnServer } from '../test/support/server.ts';

execFileSync(process.execPath, ['tools/page.ts', '--if-stale', '--or-fail'], { stdio: 'inherit' });

const [wholeFolder] = process.argv.slice(2);
const folder = wholeFolder ?? join(import.meta.dirname, '..', 'docs', 'images');

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const portuguese = { ...desktop, locale: 'pt-BR', colorScheme: 'dark' } as const;

type Speaker = 'ana' | 'bruno' | 'carla' | 'davi';
const names = { ana: 'Ana Souza', bruno: 'Bruno Lima', carla: 'Carla Mendes', davi: 'Davi Rocha' };

/** What is said, room by room. */
const talks: { room: string; topic?: string; isPrivate?: boolean; lines: [Speaker, string][] }[] = [
  {
    room: 'launch',
    topic: 'Everything for the 14th',
    lines: [
      ['bruno', 'Morning! The new page is on the test server.'],
      [
        'carla',
        'Looks good on my phone. Two things:\n\n1. the date is still **the 12th**\n2. `npm start` prints the old address',
      ],
      ['bruno', 'Both fixed. You can see it at https://test.example.org/launch'],
      ['ana', 'Great. Who writes the announcement?'],
      ['davi', 'I do. First try:'],
      ['davi', '> One command, a real database inside, and nothing gets lost.'],
      ['carla', 'I like it. Short.'],
      ['ana', 'Me too. Send it on Thursday at nine?'],
      ['davi', 'Thursday at nine.'],
    ],
  },
  {
    room: 'lançamento',
    topic: 'Tudo para o dia 14',
    lines: [
      ['bruno', 'Bom dia! A página nova está no servidor de testes.'],
      [
        'carla',
        'No meu celular ficou ótima. Duas coisas:\n\n1. a data ainda é **dia 12**\n2. `npm start` mostra o endereço antigo',
      ],
      ['bruno', 'As duas arrumadas. Dá para ver em https://teste.example.org/lancamento'],
      ['ana', 'Ótimo. Quem escreve o anúncio?'],
      ['davi', 'Eu. Primeira tentativa:'],
      ['davi', '> Um comando, um banco de verdade dentro, e nada se perde.'],
      ['carla', 'Gostei. Curto.'],
      ['ana', 'Eu também. Vai na quinta, às nove?'],
      ['davi', 'Quinta, às nove.'],
    ],
  },
  { room: 'kitchen', lines: [['bruno', 'There is cake.']] },
  { room: 'budget', isPrivate: true, lines: [['carla', 'The numbers for March are in.']] },
];

const scratch = mkdtempSync(join(tmpdir(), 'papo-screenshots-'));
const server = await spawnServer({ PAPO_DATA_DIR: scratch, PAPO_LOG_LEVEL: 'info' });
const browser = await openBrowser();
try {
  mkdirSync(folder, { recursive: true });
  await talk(server.url);
  await takeForDocuments(browser, server.url);
  if (wholeFolder !== undefined) {
    await appoint(server);
    await takeTheRest(browser, server.url);
  }
} finally {
  await browser.close();
  await server.end('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
}

async function talk(url: string): Promise<void> {
  const come = async (username: Speaker) => {
    const account = { username, password, displayName: names[username] };
    const client = new ChatClient({ url, grant: await register(url, account) });
    await client.connect();
    return client;
  };
  const people = {
    ana: await come('ana'),
    bruno: await come('bruno'),
    carla: await come('carla'),
    davi: await come('davi'),
  };
  const { ana, ...others } = people;
  for (const { room: name, topic, isPrivate, lines } of talks) {
    const kind = isPrivate ? 'private' : 'public';
    const { room } = await ana.call('room.create', { name, kind, ...(topic !== undefined && { topic }) });
    for (const { me } of Object.values(others)) {
      await ana.call('room.invite', { room: room.id, user: me?.id ?? '' });
    }
    for (const [who, text] of lines) await people[who].send(room.id, text).done;
    if (topic !== undefined) await ana.markRead(room.id, 4);
    if (isPrivate) await ana.markRead(room.id, 1);
  }
  const { room } = await people.bruno.call('direct.open', { username: 'ana' });
  await people.bruno.send(room.id, 'Can you look at the invoice before lunch?').done;
  await people.bruno.send(room.id, 'It is in the usual place.').done;
  const carla = await ana.call('direct.open', { username: 'carla' });
  await ana.send(carla.room.id, 'Thank you for yesterday!').done;
  for (const client of Object.values(people)) client.close();
}

/** Ana administers the server, with Bruno; somebody has been shut out. */
async function appoint({ url, output }: ServerProcess): Promise<void> {
  const [, code = ''] = output.map(line => /\/administrator#([\w-]+)/.exec(line)).find(Boolean) ?? [];
  const client = new ChatClient({ url, grant: await login(url, { username: 'ana', password }) });
  await client.connect();
  await client.call('administrator.claim', { code });
  const gone = await register(url, { username: 'fabio.marques', password, displayName: 'Fábio Marques' });
  await client.call('account.disable', { user: gone.user.id });
  const { users } = await client.call('user.find', { query: 'bruno', limit: 1 });
  for (const { id } of users) await client.call('account.promote', { user: id });
  client.close();
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

async function takeForDocuments(browser: Browser, url: string): Promise<void> {
  for (const [name, room, options] of [
    ['page', 'launch', desktop],
    ['page-dark', 'launch', { ...desktop, colorScheme: 'dark' }],
    ['page-phone', 'launch', phone],
    ['pagina', 'lançamento', portuguese],
  ] as const) {
    const visitor = await come(browser, url, options);
    await visitor.open(room);
    await visitor.sees(room === 'launch' ? 'Thursday at nine.' : 'Quinta, às nove.');
    await take(visitor.page, name);
    await visitor.leave();
  }
}

/** Signs in, in whichever language. */
async function come(browser: Browser, url: string, options: BrowserContextOptions): Promise<Visitor> {
  const visitor = await Visitor.come(browser, url, options);
  await visitor.page.locator('[name="username"]').fill('ana');
  await visitor.page.locator('[name="password"]').fill(password);
  await visitor.page.keyboard.press('Enter');
  await visitor.page.locator('.room-link').first().waitFor();
  return visitor;
}

async function takeTheRest(browser: Browser, url: string): Promise<void> {
  for (const [language, options] of [
    ['english', desktop],
    ['portuguese', portuguese],
    ['phone', phone],
  ] as const) {
    const guest = await Visitor.come(browser, url, options);
    await take(guest.page, `${language}-sign-in`);
    await guest.leave();
    const visitor = await come(browser, url, options);
    const { page } = visitor;
    if (language === 'phone') await take(page, `${language}-list`);
    for (const at of [0, 1, 2, 3, 4]) {
      await page.locator('.sidebar button').nth(at).click();
      await page.locator('dialog[open]').waitFor();
      await page.waitForLoadState('networkidle');
      await take(page, `${language}-dialog-${at + 1}`);
      await page.keyboard.press('Escape');
    }
    await page.locator('.sidebar button').nth(4).click();
    await page
      .locator('.dialog-section', { has: page.getByText(/^Administra/) })
      .getByRole('button')
      .click();
    await page.locator('.account-head', { hasText: 'Carla' }).click();
    await page.locator('.account-body button').nth(1).click();
    await take(page, `${language}-people`);
    await page.keyboard.press('Escape');
    await page.locator('.room-link', { hasText: 'kitchen' }).click();
    await page.locator('.room-members').click();
    await page.locator('.rows-list li').first().waitFor();
    await take(page, `${language}-room-details`);
    await page.goto(`${url}/r/nowhere`);
    await page.locator('.placeholder p').waitFor();
    await take(page, `${language}-nowhere`);
    await page.route('**/refresh', route => route.fulfill({ status: 403, json: { code: 'forbidden' } }));
    await page.reload();
    await page.locator('.placeholder code').waitFor();
    await take(page, `${language}-refused`);
    await visitor.leave();
  }
}
