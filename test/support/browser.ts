/** A real Chromium for tests: the system's, or where there is none, the one inside an npm package. */
import { existsSync } from 'node:fs';
import sparticuz from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

const systemChromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

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
  return chromium.launch({
    executablePath: found ?? (await sparticuz.executablePath()),
    args: found === undefined ? [...sparticuz.args, ...quietly] : quietly,
    headless: true,
  });
}
