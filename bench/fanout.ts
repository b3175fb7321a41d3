/** One room with a thousand members: deliveries a second, beside servers that only write. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Output } from '../src/contract/operations.ts';
import { Tokens } from '../src/server/operations/tokens.ts';
import { Audience, seat } from './audience.ts';
import type { Benchmark, Context, Numbers } from './bench.ts';
import { describeCores, watchCores } from './cpu.ts';
import type { PeerKind } from './fanout-peer.ts';
import { clientFrame } from './frames.ts';
import type { LoadSocket } from './load-socket.ts';
import { startPapo } from './papo.ts';
import { seatBefore } from './peers.ts';
import { openPostgres } from './postgres.ts';
import { against, type Budget, median, ratios, rounded, table } from './report.ts';
import { textOf } from './round.ts';
import { addLogins, addRoom, storedIn } from './rows.ts';
import { type Part, playTurns, speeds, type Turn } from './turns.ts';

const flags = {
  members: { default: 1_000, help: 'members of the room, each with one socket' },
  'in-flight': { default: 16, help: 'messages in flight in the second part' },
  'text-bytes': { default: 100, help: 'length of a text' },
  'round-ms': { default: 1_500, help: 'length of a round' },
  rounds: { default: 5, help: 'rounds of each, in turn' },
};

type Settings = Numbers<typeof flags>;

export const fanout: Benchmark<typeof flags> = {
  about: 'deliveries a second in one big room, beside a raw loop and a ws loop',
  flags,
  run,
};

const tokenTtlSeconds = 3_600;
const warmUpMs = 1_500;

/** Of design.md, section 5, against each peer. */
type Budgets = { raw?: Budget; ws?: Budget };
const budgetsOfOne: Budgets = { raw: { target: 0.75, unit: ' ×' }, ws: { target: 1.4, unit: ' ×' } };
const budgetsOfMany: Budgets = { raw: { target: 4, unit: ' ×' } };

async function run(settings: Settings, context: Context): Promise<void> {
  const { print } = context;
  const { members, rounds, 'round-ms': roundMs, 'in-flight': inFlight } = settings;
  const postgres = await openPostgres(context);
  print(`postgres  ${postgres.description}\n`);
  const databaseUrl = await postgres.createDatabase('papo');
  const papo = await seatBeforePapo(databaseUrl, settings, context);
  let { messages: sent } = await papo.audience.play(inFlight, warmUpMs, context);

  // The peers write what papo wrote: the same bytes but for the numbers in them.
  const sample = { text: papo.audience.sample, request: papo.request(), members };
  const contestants = {
    papo,
    raw: await seatBefore('raw', sample, context),
    ws: await seatBefore('ws', sample, context),
  };
  for (const { audience } of [contestants.raw, contestants.ws]) {
    await audience.play(inFlight, warmUpMs, context);
  }

  print(
    `${rounded(members)} members, frames of ${Buffer.byteLength(sample.text)} bytes; deliveries/s: median, lowest`,
  );
  print(`and highest of the ${rounds} quietest rounds of ${roundMs} ms, taken in turn\n`);
  sent += await compare(1, budgetsOfOne, contestants, postgres.postmaster, settings, context);
  sent += await compare(inFlight, budgetsOfMany, contestants, postgres.postmaster, settings, context);

  const stored = await storedIn(databaseUrl);
  if (stored !== sent) throw new Error(`${stored} messages are stored, ${sent} were sent`);
  print(`checked: every message reached every member exactly once, papo's in order; papo has stored its`);
  print(`${rounded(sent)} messages with gap-free numbers. Socket.IO, not being a dependency, is left out.`);
}

const names = ['papo', 'raw', 'ws'] as const;
type Name = (typeof names)[number];
type Contestant = { audience: Audience; pid: number };

/** Lets them play in turn and prints how they did. @returns how many messages papo was sent. */
async function compare(
  inFlight: number,
  targets: Budgets,
  contestants: Record<Name, Contestant>,
  postmaster: number | undefined,
  settings: Settings,
  context: Context,
): Promise<number> {
  let messages = 0;
  const play = async (name: Name): Promise<Part> => {
    const { audience, pid } = contestants[name];
    const coresUsed = watchCores(pid, postmaster);
    const played = await audience.play(inFlight, settings['round-ms'], context);
    if (name === 'papo') messages += played.messages;
    return { perSecond: played.deliveriesPerSecond, cores: coresUsed() };
  };
  const turns = await playTurns(settings.rounds, async () => ({
    papo: await play('papo'),
    raw: await play('raw'),
    ws: await play('ws'),
  }));
  context.print(`${inFlight} in flight`);
  table(
    [
      row('papo, stored', speeds(turns, 'papo'), ''),
      row('raw net loop', speeds(turns, 'raw'), ratio(turns, 'raw', targets.raw)),
      row('ws loop', speeds(turns, 'ws'), ratio(turns, 'ws', targets.ws)),
    ],
    context.print,
  );
  for (const name of names) {
    context.print(`  ${name.padEnd(5)} ${describeCores(turns.map(turn => turn[name].cores))}`);
  }
  context.print();
  return messages;
}

function row(name: string, values: readonly number[], last: string): string[] {
  return [
    `  ${name}`,
    rounded(median(values)),
    rounded(Math.min(...values)),
    rounded(Math.max(...values)),
    last,
  ];
}

function ratio(turns: readonly Turn<Name>[], peer: PeerKind, budget: Budget | undefined): string {
  const value = median(ratios(speeds(turns, 'papo'), speeds(turns, peer)));
  return `papo: ${value.toFixed(2)} ×${budget === undefined ? '' : `, ${against(value, budget)}`}`;
}

/** papo's server with the room's members before it. `request`: another message, ready to be sent. */
async function seatBeforePapo(
  databaseUrl: string,
  { members, 'text-bytes': textBytes }: Settings,
  context: Context,
): Promise<Contestant & { request(): Buffer }> {
  const secret = randomBytes(32).toString('base64url');
  const environment = { PAPO_SECRET: secret, PAPO_TOKEN_TTL: String(tokenTtlSeconds) };
  const { url, pid } = await startPapo(databaseUrl, environment, context);
  const { room, tokens } = await addMembers(databaseUrl, members, new Tokens(secret, tokenTtlSeconds));
  const versions: number[] = [];
  const enter = async (socket: LoadSocket, place: number) => {
    const synced = (await socket.call('sync', { history: 0 }, context.signal)) as Output<'sync'>;
    versions[place] = synced.rooms[0]?.room.version ?? 0;
  };
  const sockets = await seat(url, tokens, enter, context);
  let asked = 0;
  const request = () => {
    asked += 1;
    const input = { room, id: uuidv7(), text: textOf(asked, textBytes) };
    return clientFrame(JSON.stringify({ ref: asked, op: 'message.send', input }));
  };
  const audience = new Audience(sockets, { nextMessage: request, numbered: { versions } });
  return { audience, pid, request };
}

/** Members who never signed in: tokens are signed here, with the secret that the server was given. */
async function addMembers(databaseUrl: string, members: number, tokens: Tokens) {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const logins = await addLogins(client, members);
    const room = await addRoom(
      client,
      'Everyone',
      logins.map(({ user }) => user),
    );
    const issued = await Promise.all(logins.map(({ user, login }) => tokens.issue(user, login)));
    return { room, tokens: issued.map(({ token }) => token) };
  } finally {
    await client.end();
  }
}
