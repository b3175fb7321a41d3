/** Which test holds papo to which promise, rule and known abuse: found in the titles of the tests. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

type Title = { file: string; title: string };

/** What can be cited, and the titles that cite something. */
export type Citations = {
  promises: Map<string, string>;
  rules: Map<string, string>;
  /** Undefined until they are written down. */
  abuses: Map<string, string> | undefined;
  titles: readonly Title[];
};

const rulesPath = 'PROTOCOL.md';
const abusePath = 'docs/abuse.md';

export function readCitations(root: string): Citations {
  const protocol = readFileSync(join(root, rulesPath), 'utf8');
  const abuse = existsSync(join(root, abusePath)) ? readFileSync(join(root, abusePath), 'utf8') : undefined;
  return {
    promises: statements(protocol, /^- \*\*\[(G\d+)\]\*\* (.+(?:\n {2}.+)*)/gm),
    rules: statements(protocol, /^- \*\*\[([A-Z]+-\d+)\]\*\* (.+(?:\n {2}.+)*)/gm),
    abuses: abuse === undefined ? undefined : statements(abuse, /^\| *(\d+) *\| *([^|]+?) *\|/gm),
    titles: globSync('test/**/*.test.ts', { cwd: root })
      .sort()
      .flatMap(file => titlesOf(readFileSync(join(root, file), 'utf8'), file)),
  };
}

/** A sentence for everything that is promised and not tested, or cited and not there. */
export function citationFaults({ promises, rules, abuses, titles }: Citations): string[] {
  const cited = new Set(titles.flatMap(({ title }) => citedIn(title)));
  const untested = [...promises.keys(), ...rules.keys(), ...[...(abuses?.keys() ?? [])].map(abuseId)];
  const known = new Set(untested);
  return [
    ...untested
      .filter(id => !cited.has(id))
      .map(id => `No test cites [${id}]: write one, and put [${id}] into its title.`),
    ...titles.flatMap(({ file, title }) =>
      citedIn(title)
        .filter(id => !known.has(id) && !(id.startsWith('abuse') && abuses === undefined))
        .map(
          id =>
            `${file}: "${title}" cites [${id}], which stands neither in ${rulesPath} nor in ${abusePath}.`,
        ),
    ),
  ];
}

/** The page: every promise, rule and abuse, and the tests that cite it. */
export function testIndex({ promises, rules, abuses, titles }: Citations): string {
  const abuseRows = [...(abuses ?? [])].map(([row, text]) => [abuseId(row), text] as const);
  return [
    '# What the tests hold papo to',
    '',
    'Made by `npm run documents` from [PROTOCOL.md](../PROTOCOL.md) and the titles of the tests. No rule without a test.',
    '',
    ...chapter('Promises', [...promises], titles),
    ...chapter('Rules of the protocol', [...rules], titles),
    ...(abuseRows.length > 0 ? chapter('Abuse', abuseRows, titles) : []),
  ].join('\n');
}

function chapter(
  name: string,
  statements: readonly (readonly [id: string, text: string])[],
  titles: readonly Title[],
): string[] {
  return [
    `## ${name}`,
    '',
    ...statements.flatMap(([id, text]) => [
      `**[${id}]** ${text}`,
      '',
      ...titles
        .filter(({ title }) => citedIn(title).includes(id))
        .map(({ file, title }) => `- ${title.replace(/^(\[[^\]]+\] )+/, '')} (\`${file}\`)`),
      '',
    ]),
  ];
}

/** The ids in the brackets at the beginning of a title; `[abuse 8, 15–17]` are four. */
export function citedIn(title: string): string[] {
  const [brackets = ''] = /^(\[[^\]]+\] ?)*/.exec(title) ?? [];
  return [...brackets.matchAll(/\[([^\]]+)\]/g)].flatMap(([, id = '']) => {
    const rows = /^abuse (.+)$/.exec(id)?.[1];
    return rows === undefined ? [id] : rows.split(',').flatMap(rangeOf).map(abuseId);
  });
}

const abuseId = (row: string | number) => `abuse ${row}`;

function rangeOf(rows: string): number[] {
  const [first = 0, last = first] = rows.split('–').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function statements(text: string, pattern: RegExp): Map<string, string> {
  return new Map(
    [...text.matchAll(pattern)].map(([, id = '', statement = '']) => [id, statement.replaceAll(/\s+/g, ' ')]),
  );
}

/** First arguments of `test` and `it`; what a template fills in stands as `…`. */
function titlesOf(source: string, file: string): Title[] {
  const titles: Title[] = [];
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse`);
  new Visitor({
    CallExpression({ callee, arguments: [title] }) {
      if (callee.type !== 'Identifier' || !['test', 'it'].includes(callee.name)) return;
      if (title?.type === 'Literal' && typeof title.value === 'string')
        titles.push({ file, title: title.value });
      if (title?.type === 'TemplateLiteral') {
        titles.push({ file, title: title.quasis.map(({ value }) => value.cooked ?? value.raw).join('…') });
      }
    },
  }).visit(program);
  return titles;
}
