/** A setting that is misspelt would silently be the default. */

const prefix = 'PAPO_';
/** Further away it is another word. */
const maxDistance = 4;

/** @returns a sentence for each `PAPO_…` variable that nobody reads, with the nearest one that somebody does. */
export function unknownVariables(environment: NodeJS.ProcessEnv, known: readonly string[]): string[] {
  return Object.keys(environment)
    .filter(name => name.startsWith(prefix) && !known.includes(name))
    .map(name => {
      const [nearest] = known
        .map(other => ({ other, distance: distanceOf(name, other) }))
        .filter(({ distance }) => distance <= maxDistance)
        .sort((one, two) => one.distance - two.distance);
      return `${name} is not a setting of papo${nearest ? `: is ${nearest.other} meant?` : ''}`;
    });
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
