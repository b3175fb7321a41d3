/** What a benchmark says: where it ran, and its numbers beside those they are to be compared with. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

type Print = (line?: string) => void;

/** Machine, commit and command: numbers without them can't be compared with any others. */
export function describeRun(name: string, print: Print): void {
  const gib = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  print(`papo bench: ${name}`);
  print(
    `machine   ${availableParallelism()} × ${cpus()[0]?.model}, ${gib} GiB, ${process.platform} ${release()}, load ${load.toFixed(2)}`,
  );
  print(`node      ${process.version}`);
  print(`commit    ${commit()}`);
  print(`command   npm run bench -- ${process.argv.slice(2).join(' ')}`);
}

function commit(): string {
  try {
    const git = (...command: string[]) => execFileSync('git', command, { encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain').split('\n').filter(Boolean).length;
    return git('rev-parse', '--short', 'HEAD') + (changed > 0 ? ` and ${changed} changed files` : '');
  } catch {
    return 'unknown: no git checkout';
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Of two that were measured in turn: turn by turn, since the machine's speed drifts. */
export function ratios(ones: readonly number[], others: readonly number[]): number[] {
  return ones.map((one, turn) => one / (others[turn] ?? Number.NaN));
}

/** @param sorted ascending. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

export const rounded = (value: number) => Math.round(value).toLocaleString('en');

/** A budget of design.md, section 5: `target` is a floor, or with `atMost` a ceiling. */
export type Budget = { target: number; atMost?: boolean; unit?: string };

/** Met, within a factor of two (what issue 2 asks for), or missed. */
export function against(value: number, { target, atMost = false, unit = '' }: Budget): string {
  const share = atMost ? target / value : value / target;
  const verdict = share >= 1 ? 'met' : share >= 0.5 ? 'within a factor of 2' : 'missed';
  return `budget ${atMost ? '≤' : '≥'} ${target.toLocaleString('en')}${unit}: ${verdict}`;
}

/** Columns as wide as they need to be; the first one is text, the others are aligned right but for the last. */
export function table(rows: readonly (readonly string[])[], print: Print): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  for (const row of rows) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
    });
    print(cells.join('   ').trimEnd());
  }
}
