/** The house's arrows: who may import whom. Reading order is dependency order. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';

const root = join(import.meta.dirname, '..');

/** Floors of the server, from the ground up: a floor may import itself and those before it. */
const serverFloors = ['ground', 'store', 'live', 'operations', 'doors', 'node.ts', 'run.ts', 'main.ts'];

/** Of the contract, the SDK may run only this; the rest it may use as types. */
const contractForSdk = ['src/contract/codes.ts', 'src/contract/limits.ts', 'src/contract/search-key.ts'];

/** What the page may be made of: the SDK by its public names, as anybody's page could, and these packages. */
const allowedForWeb = [
  'papo/sdk',
  'papo/sdk/browser',
  'preact',
  'preact/hooks',
  '@preact/signals',
  '@tanstack/virtual-core',
  'marked',
];

type Import = { from: string; to: string; typeOnly: boolean };

const files = globSync('src/**/*.{ts,tsx}', { cwd: root });
const imports = files.flatMap(importsOf);

test('every import goes down, and stays in its own house', () => {
  const wrong = imports.filter(({ from, to, typeOnly }) => !mayImport(from, to, typeOnly));
  assert.deepEqual(wrong, []);
});

test('there is no import cycle', () => {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a cycle: ${[...path, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test('the SDK depends on nothing but the platform', () => {
  const packages = files
    .filter(file => file.startsWith('src/sdk/'))
    .flatMap(file => specifiersOf(file).filter(({ specifier }) => !specifier.startsWith('.')));
  assert.deepEqual(packages, []);
});

test('the page is made of the public SDK and a few packages', () => {
  const packages = files
    .filter(file => file.startsWith('src/web/'))
    .flatMap(file => specifiersOf(file).map(({ specifier }) => specifier))
    .filter(specifier => !specifier.startsWith('.'));
  assert.ok(packages.includes('papo/sdk'));
  assert.deepEqual(
    packages.filter(specifier => !allowedForWeb.includes(specifier)),
    [],
  );
});

test('the rules tell a wrong arrow from a right one', () => {
  assert.ok(mayImport('src/server/doors/http.ts', 'src/server/operations/dispatch.ts', false));
  assert.ok(!mayImport('src/server/store/lane.ts', 'src/server/live/hub.ts', false));
  assert.ok(!mayImport('src/contract/objects.ts', 'src/server/log.ts', true));
  assert.ok(!mayImport('src/sdk/outbox.ts', 'src/contract/objects.ts', false));
  assert.ok(mayImport('src/sdk/outbox.ts', 'src/contract/objects.ts', true));
  assert.ok(!mayImport('src/sdk/outbox.ts', 'src/server/errors.ts', true));
  assert.ok(mayImport('src/web/main.tsx', 'src/web/app.ts', false));
  assert.ok(!mayImport('src/web/app.ts', 'src/sdk/chat-client.ts', true));
  assert.ok(!mayImport('src/server/doors/page.ts', 'src/web/app.ts', true));
});

function mayImport(from: string, to: string, typeOnly: boolean): boolean {
  const [here, there] = [houseOf(from), houseOf(to)];
  switch (here) {
    case 'contract':
      return there === 'contract';
    case 'sdk':
      return there === 'sdk' || (there === 'contract' && (typeOnly || contractForSdk.includes(to)));
    case 'server':
      return there === 'contract' || (there === 'server' && floorOf(to) <= floorOf(from));
    case 'cli':
      return there === 'cli' || there === 'sdk' || there === 'server';
    case 'web':
      return there === 'web';
    default:
      return false;
  }
}

function houseOf(file: string): string | undefined {
  return file.split('/')[1];
}

function floorOf(file: string): number {
  const [, , floor = '', inner] = file.split('/');
  const isGround = floor === 'settings' || (inner === undefined && !serverFloors.includes(floor));
  const name = isGround ? 'ground' : floor;
  const index = serverFloors.indexOf(name);
  assert.notEqual(index, -1, `${file} stands on no floor`);
  return index;
}

function importsOf(file: string): Import[] {
  return specifiersOf(file)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, typeOnly }) => ({
      from: file,
      to: relative(root, join(root, dirname(file), specifier)),
      typeOnly,
    }));
}

function specifiersOf(file: string): { specifier: string; typeOnly: boolean }[] {
  const { module, errors } = parseSync(file, readFileSync(join(root, file), 'utf8'));
  assert.deepEqual(errors, [], `${file} does not parse`);
  const statics = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every(entry => entry.isType),
  }));
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null ? [] : [{ specifier: moduleRequest.value, typeOnly: isType }],
    ),
  );
  const dynamics = module.dynamicImports.map(({ moduleRequest }) => ({
    specifier: readFileSync(join(root, file), 'utf8').slice(moduleRequest.start + 1, moduleRequest.end - 1),
    typeOnly: false,
  }));
  return [...statics, ...exports, ...dynamics];
}
