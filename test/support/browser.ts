/** A real Chromium for tests: the system's, or where there is none, the one inside an npm package. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflate } from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

const systemChromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Names the folder of the unpacked one; the test files' processes inherit it. */
const folderVariable = 'UNPACKED_CHROMIUM';

/** It runs in containers, draws without a graphics card, and asks nobody outside for anything. */
const quietly = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts one; to be closed by whoever asked. */
export async function openBrowser(): Promise<Browser> {
  const found = systemChromium.find(path => existsSync(path));
  if (found !== undefined) return chromium.launch({ executablePath: found, args: quietly });
  const folder = process.env[folderVariable];
  if (folder === undefined)
    throw new Error('there is no Chromium: install it, or run with test/support/global-setup.ts');
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    args: quietly,
    // The libraries and fonts that a desktop has, and a server hasn't.
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
  });
}

/**
 * Unpacks the one from npm where the system has none: once, before test files that run side by side want it.
 *
 * @returns what removes it again.
 */
export async function unpackBrowser(): Promise<() => Promise<void>> {
  if (systemChromium.some(path => existsSync(path))) return async () => {};
  const folder = await mkdtemp('/tmp/papo-test-chromium-');
  const packed = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '../bin');
  const before = process.env['TMPDIR'];
  // Where it unpacks to.
  process.env['TMPDIR'] = folder;
  await Promise.all(
    ['chromium.br', 'al2023.tar.br', 'fonts.tar.br'].map(name => inflate(join(packed, name))),
  );
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  // Its own names folders of another machine.
  const fonts = `<dir>${folder}/fonts</dir><cachedir>${folder}/cache</cachedir>`;
  await writeFile(join(folder, 'fonts.conf'), `<fontconfig>${fonts}</fontconfig>`);
  process.env[folderVariable] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
