/** Durable messages a second over the whole path, beside what PostgreSQL alone gives; then the latency at a given rate. */
import type { Benchmark, Context, Numbers } from './bench.ts';
import { type Cores, describeCores, watchCores } from './cpu.ts';
import { gather } from './crowd.ts';
import { layFloor } from './floor.ts';
import { startPapo } from './papo.ts';
import { openPostgres } from './postgres.ts';
import { against, median, percentile, ratios, rounded, table } from './report.ts';
import { type Pace, playRound, type RoundResult } from './round.ts';
import { storedIn } from './rows.ts';
import { type Part, playTurns, speeds, type Turn } from './turns.ts';

const flags = {
  users: { default: 100, help: 'users, each with one socket and all of them sending' },
  rooms: { default: 100, help: 'rooms' },
  members: { default: 10, help: 'members of each room' },
  window: { default: 16, help: 'messages in flight per sender; a connection may have 64' },
  messages: { default: 30_000, help: 'messages of a round' },
  'text-bytes': { default: 100, help: 'length of a text' },
  rounds: { default: 5, help: 'rounds of each, in turn' },
  rate: { default: 2_000, help: 'messages a second offered in the second part' },
  'rate-seconds': { default: 5, help: 'how long they are offered, in each round' },
};

type Settings = Numbers<typeof flags>;

export const append: Benchmark<typeof flags> = {
  about: 'durable messages a second over the whole path, and their latency',
  flags,
  run,
};

/** Of design.md, section 5. */
const budgets = {
  perSecond: { target: 20_000 },
  p50: { target: 3, atMost: true, unit: ' ms' },
  p99: { target: 15, atMost: true, unit: ' ms' },
};

async function run(settings: Settings, context: Context): Promise<void> {
  const { print } = context;
  const { users, rooms, members, messages, window, rounds, 'text-bytes': textBytes } = settings;
  const postgres = await openPostgres(context);
  print(`postgres  ${postgres.description}\n`);
  const floor = await layFloor(await postgres.createDatabase('floor'), settings, context);
  const databaseUrl = await postgres.createDatabase('papo');
  const papo = await startPapo(databaseUrl, {}, context);
  const crowd = await gather(papo.url, settings, context);
  print(
    `${rooms} rooms × ${members} members, ${users} users, texts of ${textBytes} bytes; ${window} in flight per sender,`,
  );
  print(`${rounded(messages)} messages a round; medians of the ${rounds} quietest rounds, in turn\n`);

  let sent = 0;
  const play = (count: number, pace: Pace) => {
    sent += count;
    return playRound(crowd, { messages: count, textBytes, pace }, context.signal);
  };
  const whole = async () => messages / (await play(messages, { window })).seconds;
  const alone = async () => messages / (await floor.play({ messages, textBytes, inFlight: window * users }));
  const watch = () => watchCores(papo.pid, postgres.postmaster);
  // The first turn is not counted: code gets compiled and plans get made.
  await Promise.all([whole(), alone()]);
  const turns = await playTurns(rounds, async () => ({
    papo: await timed(whole, watch),
    alone: await timed(alone, watch),
  }));
  const paced = await playTurns(rounds, async () => ({ papo: await timedAtRate(play, settings, watch) }));
  report(settings, turns, paced, context);

  const stored = await storedIn(databaseUrl);
  if (stored !== sent) throw new Error(`${stored} messages are stored, ${sent} were sent`);
  print(`checked: ${rounded(sent)} messages sent, acknowledged, and stored with gap-free numbers; each was`);
  print(`delivered to each of its room's ${members} members exactly once and in order.`);
}

type Watch = () => () => Cores | undefined;
type PacedPart = Part & { p50: number; p99: number; maxLateMs: number };

async function timed(perSecond: () => Promise<number>, watch: Watch): Promise<Part> {
  const coresUsed = watch();
  return { perSecond: await perSecond(), cores: coresUsed() };
}

async function timedAtRate(
  play: (count: number, pace: Pace) => Promise<RoundResult>,
  { rate, 'rate-seconds': seconds }: Settings,
  watch: Watch,
): Promise<PacedPart> {
  const coresUsed = watch();
  const { latencies, maxLateMs } = await play(rate * seconds, { rate });
  const [p50, p99] = [percentile(latencies, 50), percentile(latencies, 99)];
  return { perSecond: rate, cores: coresUsed(), p50, p99, maxLateMs };
}

function report(
  { members, rate }: Settings,
  turns: readonly Turn<'papo' | 'alone'>[],
  pacedTurns: readonly Turn<'papo', PacedPart>[],
  { print }: Context,
): void {
  const [whole, alone] = [speeds(turns, 'papo'), speeds(turns, 'alone')];
  const paced = pacedTurns.map(({ papo }) => papo);
  const row = (name: string, values: readonly number[], unit: string, last: string) => {
    const shown = [median(values), Math.min(...values), Math.max(...values)].map(value =>
      value >= 100 ? rounded(value) : value.toFixed(2),
    );
    return [name, ...shown, unit, last];
  };
  const [p50, p99] = [paced.map(part => part.p50), paced.map(part => part.p99)];
  table(
    [
      ['', 'median', 'lowest', 'highest', '', ''],
      row('papo, all delivered', whole, 'messages/s', against(median(whole), budgets.perSecond)),
      row(
        '',
        whole.map(speed => speed * members),
        'deliveries/s',
        '',
      ),
      row('append_messages alone', alone, 'messages/s', ''),
      row('papo ÷ append_messages alone', ratios(whole, alone), '×', ''),
      row(`${rounded(rate)}/s offered: p50`, p50, 'ms', against(median(p50), budgets.p50)),
      row('  p99, send → delivered', p99, 'ms', against(median(p99), budgets.p99)),
    ],
    print,
  );
  print();
  print(`papo      ${describeCores(turns.map(turn => turn.papo.cores))}`);
  print(`alone     ${describeCores(turns.map(turn => turn.alone.cores))}`);
  print(`at ${rounded(rate)}/s ${describeCores(paced.map(({ cores }) => cores))}`);
  const late = Math.max(...paced.map(({ maxLateMs }) => maxLateMs));
  print(`the generator sent at most ${late.toFixed(1)} ms later than it should have\n`);
}
