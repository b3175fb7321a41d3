/** `npm run bench -- NAME [--flag value …]`: papo's benchmarks. Each ends by itself and leaves nothing behind. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { append } from './append.ts';
import { type Benchmark, type Context, type FlagTable, unlessEnded } from './bench.ts';
import { fanout } from './fanout.ts';
import { idle } from './idle.ts';
import { page } from './page.ts';
import { describeRun } from './report.ts';
import { watched } from './watched.ts';

const benchmarks: Record<string, Benchmark> = { append, fanout, idle, page, watched };

const timeLimitMs = 10 * 60_000;
const settleMs = 20_000;

const [name = '', ...rest] = process.argv.slice(2);
const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
const print = (line = '') => process.stdout.write(`${line}\n`);

if (benchmark === undefined) {
  print('npm run bench -- NAME [--help]\n');
  for (const [known, { about }] of Object.entries(benchmarks)) print(`  ${known.padEnd(10)}${about}`);
  process.exitCode = name === '' || name === '--help' ? 0 : 2;
} else {
  const { help, numbers, cpuProfDir } = readFlags(benchmark.flags);
  if (help) usage(name, benchmark);
  else process.exitCode = await run(benchmark, numbers, cpuProfDir);
}
// Whatever a failure has left open (a request, a timer) must not keep the process.
if (process.exitCode !== undefined && process.exitCode !== 0) process.exit();

async function run(
  { run: measure }: Benchmark,
  numbers: Record<string, number>,
  cpuProfDir: string | undefined,
): Promise<number> {
  const ending = new AbortController();
  const fail = (error: Error) => ending.abort(error);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => fail(new Error(`stopped by ${signal}`)));
  }
  process.on('uncaughtException', fail);
  const limit = setTimeout(() => fail(new Error(`not finished within ${timeLimitMs} ms`)), timeLimitMs);
  const undo = new AsyncDisposableStack();
  const context: Context = { signal: ending.signal, fail, undo, cpuProfDir, print };
  describeRun(name, print);
  const measuring = measure(numbers, context);
  try {
    await unlessEnded(measuring, ending.signal);
    return 0;
  } catch (error) {
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.stack : error}\n`);
    return 1;
  } finally {
    clearTimeout(limit);
    // What it was about to start must be known before everything is undone.
    await Promise.race([measuring.catch(() => {}), delay(settleMs, undefined, { ref: false })]);
    await undo.disposeAsync();
  }
}

function readFlags(flags: FlagTable) {
  const { values } = parseArgs({
    args: rest,
    options: {
      help: { type: 'boolean', default: false },
      'cpu-prof': { type: 'string' },
      ...Object.fromEntries(Object.keys(flags).map(flag => [flag, { type: 'string' as const }])),
    },
  });
  const given: Record<string, string | boolean | undefined> = values;
  const numbers = Object.entries(flags).map(([flag, { default: usual }]) => {
    const value = Number(given[flag] ?? usual);
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`--${flag}: a whole number from 1, not ${given[flag]}`);
    return [flag, value] as const;
  });
  return { help: values.help, numbers: Object.fromEntries(numbers), cpuProfDir: values['cpu-prof'] };
}

function usage(title: string, { about, flags }: Benchmark): void {
  print(`npm run bench -- ${title}: ${about}\n`);
  const rows = Object.entries(flags).map(([flag, { default: usual, help }]) => [flag, `${help} (${usual})`]);
  for (const [flag = '', help] of [...rows, ['cpu-prof', "folder for a CPU profile of papo's server"]]) {
    print(`  --${flag.padEnd(16)}${help}`);
  }
  print(
    '\nDATABASE_URL: a PostgreSQL to use instead of papo’s own; databases are made in it, and dropped again.',
  );
}
