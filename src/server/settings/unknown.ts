/** A setting that is misspelt would silently be the default. */
import type { Sources } from './sources.ts';
import { secretSettings, settingNames } from './table.ts';

const prefix = 'PAPO_';
/** Further away it is another word. */
const maxDistance = 4;

/** The variables that papo reads, and those of its terminal chat and its test run. */
const known: readonly string[] = [
  ...settingNames,
  ...secretSettings.map(name => `${name}_FILE`),
  'PAPO_PASSWORD',
  'PAPO_TEST_POSTGRES',
];
/** `.env` is read by `compose.yaml` as well, which knows these. */
const knownInDotEnv = [...known, 'PAPO_DOMAIN', 'PAPO_IMAGE', 'PAPO_PORT'];

/** @returns a sentence for each `PAPO_…` variable that nobody reads, with the nearest one that somebody does. */
export function unknownVariables({ environment, dotEnv = {} }: Sources): string[] {
  const unread = (names: string[], read: readonly string[]) =>
    names.filter(name => name.startsWith(prefix) && !read.includes(name));
  return [
    ...unread(Object.keys(environment), known).map(name => sentence(name, name)),
    ...unread(Object.keys(dotEnv), knownInDotEnv).map(name => sentence(name, `${name} in .env`)),
  ];
}

function sentence(name: string, called: string): string {
  const [nearest] = known
    .map(other => ({ other, distance: distanceOf(name, other) }))
    .filter(({ distance }) => distance <= maxDistance)
    .sort((one, two) => one.distance - two.distance);
  return `${called} is not a setting of papo${nearest ? `: is ${nearest.other} meant?` : ''}`;
}

/** Levenshtein: how many letters to insert, remove or replace. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, otherLetter] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
