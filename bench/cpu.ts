/**
 * Who used the cores during a measurement: a benchmark whose generator is the busiest measures its generator, and on
 * a machine that is busy with something else it measures that.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { median } from './report.ts';

/** Linux counts in hundredths of a second, whatever the kernel's own clock (USER_HZ). */
const ticksPerSecond = 100;

/** Cores used, on average: 1 is one core all the time. */
export type Cores = { server: number; postgres: number; generator: number; others: number };
type Reading = { atMs: number; machine: number } & Omit<Cores, 'others'>;

/**
 * @param postmaster the parent of PostgreSQL's processes; undefined when it runs elsewhere, or doesn't matter.
 * @returns a function that says what was used since; its answer is undefined where there is no /proc.
 */
export function watchCores(server: number, postmaster?: number): () => Cores | undefined {
  const before = reading(server, postmaster);
  return () => {
    const after = reading(server, postmaster);
    if (before === undefined || after === undefined) return undefined;
    const used = (part: keyof Reading) => ((after[part] - before[part]) * 1_000) / (after.atMs - before.atMs);
    const own = { server: used('server'), postgres: used('postgres'), generator: used('generator') };
    return { ...own, others: Math.max(0, used('machine') - own.server - own.postgres - own.generator) };
  };
}

/** Beyond this the numbers are lower than they would be on a machine of one's own. */
export const quietCores = 0.25;

/** The medians over several measurements. */
export function describeCores(measured: readonly (Cores | undefined)[]): string {
  const known = measured.filter(cores => cores !== undefined);
  if (known.length === 0) return 'cores used: unknown';
  const of = (part: keyof Cores) => median(known.map(cores => cores[part])).toFixed(2);
  const busy = median(known.map(({ others }) => others)) > quietCores ? ' (not quiet: too low)' : '';
  return `cores used: server ${of('server')}, PostgreSQL ${of('postgres')}, generator ${of('generator')}, others ${of('others')}${busy}`;
}

/** The parent of one of PostgreSQL's processes, if it runs on this machine. */
export function postmasterOf(child: number): number | undefined {
  try {
    const { command, parent } = processTimes(child);
    return command.startsWith('postgres') ? parent : undefined;
  } catch {
    return undefined;
  }
}

function reading(server: number, postmaster: number | undefined): Reading | undefined {
  try {
    // user nice system idle iowait irq softirq …
    const ticks =
      readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]?.split(/ +/).slice(1).map(Number) ?? [];
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = ticks;
    const { user: own, system: kernel } = process.cpuUsage();
    return {
      atMs: performance.now(),
      machine: (user + nice + system + irq + softirq) / ticksPerSecond,
      server: processTimes(server).seconds,
      postgres: postmaster === undefined ? 0 : childrensSeconds(postmaster),
      generator: (own + kernel) / 1e6,
    };
  } catch {
    return undefined;
  }
}

function childrensSeconds(postmaster: number): number {
  let total = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const { parent, seconds } = processTimes(Number(entry));
      if (parent === postmaster) total += seconds;
    } catch {
      // Gone since the folder was listed.
    }
  }
  return total;
}

function processTimes(pid: number): { command: string; parent: number; seconds: number } {
  // The command, which may hold anything, stands in parentheses; then state, parent, …, user time (14th), system time.
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const end = stat.lastIndexOf(')');
  const fields = stat
    .slice(end + 2)
    .split(' ')
    .map(Number);
  const [, parent = 0, , , , , , , , , , user = 0, system = 0] = fields;
  return {
    command: stat.slice(stat.indexOf('(') + 1, end),
    parent,
    seconds: (user + system) / ticksPerSecond,
  };
}
