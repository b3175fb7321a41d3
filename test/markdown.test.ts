/** What a message's text becomes: a closed list of nodes, and everything else the text that was typed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Node, parseMessage } from '../src/web/text/markdown.ts';

/** All text of it, in order, without the marks. */
function textOf(nodes: readonly Node[]): string {
  return nodes
    .map(node => {
      if ('text' in node) return node.text;
      if (node.kind === 'break') return '\n';
      if (node.kind === 'list') return node.items.map(textOf).join('\n');
      return textOf(node.children);
    })
    .join('');
}

function kindsOf(nodes: readonly Node[]): string[] {
  return nodes.flatMap(node => [
    node.kind,
    ...('children' in node
      ? kindsOf(node.children)
      : node.kind === 'list'
        ? node.items.flatMap(kindsOf)
        : []),
  ]);
}

for (const [text, kinds] of [
  [
    '**a** *b* ~~c~~ `d`',
    ['paragraph', 'bold', 'text', 'text', 'italic', 'text', 'text', 'strike', 'text', 'text', 'code'],
  ],
  ['> a', ['quote', 'paragraph', 'text']],
  ['- a\n- b', ['list', 'text', 'text']],
  ['```js\na < b\n```', ['fence']],
  ['one\ntwo', ['paragraph', 'text', 'break', 'text']],
  ['https://example.org', ['paragraph', 'link', 'text']],
] as const) {
  test(`${JSON.stringify(text)} is ${kinds.join(', ')}`, () => {
    assert.deepEqual(kindsOf(parseMessage(text)), kinds);
  });
}

for (const text of [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"><svg/onload=alert(1)>',
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert(1))',
  '[a](data:text/html,<script>alert(1)</script>)',
  '[a](/relative)',
  '![a](https://example.org/x.png)',
  '# no heading',
  'text\n===',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '---',
  '&lt;b&gt; &amp;',
]) {
  test(`[abuse 43] ${JSON.stringify(text)} stays the text that it is`, () => {
    const nodes = parseMessage(text);
    assert.equal(textOf(nodes), text);
    assert.deepEqual(
      kindsOf(nodes).filter(kind => kind !== 'paragraph' && kind !== 'text' && kind !== 'break'),
      [],
    );
  });
}

test('[abuse 43] whatever is written, a link leads to the web or to a mailbox', () => {
  const piece = fc.constantFrom(
    '[',
    '](',
    ')',
    '<',
    '>',
    'javascript:',
    'http://',
    'a',
    '\\',
    '`',
    '&#106;',
    '\t',
    '\n',
    '*',
    'data:',
  );
  const linksOf = (nodes: readonly Node[]): string[] =>
    nodes.flatMap(node => [
      ...(node.kind === 'link' ? [node.href] : []),
      ...('children' in node
        ? linksOf(node.children)
        : node.kind === 'list'
          ? node.items.flatMap(linksOf)
          : []),
    ]);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      for (const href of linksOf(parseMessage(pieces.join(''))))
        assert.match(new URL(href).protocol, /^(https?|mailto):$/);
    }),
    { numRuns: 2_000 },
  );
});

test('text that nests deeper than anybody writes, or is very long, is shown as it is', () => {
  for (const text of ['> '.repeat(5_000), '- '.repeat(5_000), `${'*a '.repeat(5_000)}`, ' \n \n ']) {
    assert.equal(textOf(parseMessage(text)), text);
  }
});
