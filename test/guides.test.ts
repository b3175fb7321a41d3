/** What people read: links lead somewhere, commands and settings are those that there are, in both languages. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { lexer, type Token, walkTokens } from 'marked';
import { unknownVariables } from '../src/server/settings/unknown.ts';
import { papo } from './support/papo.ts';

const pages = globSync('**/*.md', { exclude: ['node_modules', 'dist', 'data'] });
const index = readFileSync('docs/guides/README.md', 'utf8');
const guides = [...index.matchAll(/\[[^\]]+\]\(([\w-]+\.md)\)/g)].map(([, name]) => `docs/guides/${name}`);
const instructions = [...guides, 'README.md', 'README.pt-BR.md'];

test('every link within the repository leads to a file that is there, and to a heading that it has', () => {
  const links = pages.flatMap(page => tokensOf(page).flatMap(token => linkOf(page, token)));
  assert.ok(links.length > 100);
  const broken = links.filter(({ file, anchor }) => {
    if (!existsSync(file)) return true;
    return anchor !== undefined && !(statSync(file).isFile() && anchorsOf(file).has(anchor));
  });
  assert.deepEqual(broken, []);
});

test('the index names every guide', () => {
  const there = globSync('docs/guides/*.md').filter(page => basename(page) !== 'README.md');
  assert.deepEqual([...guides].sort(), there.sort());
});

test('each guide and its twin in the other language tell the same commands', () => {
  const rows = [...index.matchAll(/^\| \[.*?\]\((.+?)\) \| \[.*?\]\((.+?)\)/gm)];
  assert.equal(rows.length * 2, guides.length);
  for (const [, english = '', portuguese = ''] of rows) {
    const [one, other] = [english, portuguese].map(name => codeOf(`docs/guides/${name}`, ['code']));
    assert.deepEqual(withoutComments(other), withoutComments(one), portuguese);
  }
});

test('every command of papo that people are told to type is there, with its options', async () => {
  const commands = new Set(
    instructions.flatMap(page => codeOf(page, ['code', 'codespan']).flatMap(commandsIn)),
  );
  assert.ok(commands.size > 10);
  const helps = new Map<string, string>();
  for (const command of commands) {
    const [name = '', subcommand = ''] = command.split(' ');
    const isGroup = (await helpOf(name)).startsWith(`Usage: papo ${name} [options] [command]`);
    const words = isGroup ? `${name} ${subcommand}`.trim() : name;
    const help = await helpOf(words);
    assert.ok(help.startsWith(`Usage: papo ${words} `), command);
    for (const [option] of command.matchAll(/(?<= )--[a-z-]+/g)) assert.ok(help.includes(option), command);
  }

  async function helpOf(words: string): Promise<string> {
    const known = helps.get(words) ?? (await papo([...words.split(' '), '--help'])).out;
    helps.set(words, known);
    return known;
  }
});

test('every setting that people are told of is one, of papo or of its composition', () => {
  const named = [...instructions, 'deploy/systemd/papo.env'].flatMap(
    page => readFileSync(page, 'utf8').match(/\bPAPO_[A-Z_]*[A-Z]\b/g) ?? [],
  );
  assert.ok(named.includes('PAPO_TRUSTED_PROXIES'));
  const dotEnv = Object.fromEntries(named.map(name => [name, 'something']));
  assert.deepEqual(unknownVariables({ environment: {}, dotEnv }), []);
});

function tokensOf(page: string): Token[] {
  const tokens: Token[] = [];
  walkTokens(lexer(readFileSync(page, 'utf8')), token => void tokens.push(token));
  return tokens;
}

function linkOf(page: string, token: Token): { page: string; file: string; anchor: string | undefined }[] {
  if ((token.type !== 'link' && token.type !== 'image') || /^[a-z]+:/.test(token.href)) return [];
  const [path = '', anchor] = decodeURIComponent(token.href).split('#');
  return [{ page, file: path === '' ? page : join(dirname(page), path), anchor }];
}

/** As GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const token of tokensOf(page)) {
    if (token.type !== 'heading') continue;
    const text = String(token.text);
    const plain = text.toLowerCase().replace(/[^\p{Letter}\p{Mark}\p{Number}_ -]/gu, '');
    const anchor = plain.replaceAll(' ', '-');
    const again = [anchor, `${anchor}-1`, `${anchor}-2`].find(name => !anchors.has(name));
    anchors.add(again ?? anchor);
  }
  return anchors;
}

function codeOf(page: string, types: readonly string[]): string[] {
  return tokensOf(page).flatMap(token =>
    types.includes(token.type) && 'text' in token ? [String(token.text)] : [],
  );
}

/** What is said in a comment is said in the reader's language. */
function withoutComments(code: string[] | undefined): string[] {
  return (code ?? []).map(text => text.replaceAll(/ *#.*$/gm, ''));
}

/** The arguments that `papo` gets, however it is called: by itself, in a container, or by npm. */
function commandsIn(code: string): string[] {
  const called = /(?:^|&& |(?:exec|-T) papo )papo ([a-z].*)|npm run papo -- ([a-z].*)/gm;
  return [...code.matchAll(called)].flatMap(
    ([, direct, byNpm]) => (direct ?? byNpm ?? '').split(' && ')[0] ?? [],
  );
}
