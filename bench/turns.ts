/** Those that are compared play in turns, close together in time, since a machine's speed drifts. */
import { type Cores, quietCores } from './cpu.ts';

/** What one contestant did in its part of a turn, per second, and who used the cores meanwhile. */
export type Part = { perSecond: number; cores: Cores | undefined };
/** One part for each contestant, by name. */
export type Turn<Name extends string, P extends Part = Part> = Readonly<Record<Name, P>>;

/** Turns beyond the number wanted, for each that is wanted. */
const maxSpare = 1;

/**
 * Plays turns until so many were quiet, that is, nothing else used the machine. If there are too few of them the
 * quietest are taken.
 */
export async function playTurns<Name extends string, P extends Part>(
  wanted: number,
  play: () => Promise<Turn<Name, P>>,
): Promise<Turn<Name, P>[]> {
  const turns: { turn: Turn<Name, P>; noise: number }[] = [];
  const quiet = () => turns.filter(({ noise }) => noise <= quietCores).length;
  while (quiet() < wanted && turns.length < wanted * (1 + maxSpare)) {
    const turn = await play();
    const parts: Part[] = Object.values(turn);
    turns.push({ turn, noise: Math.max(...parts.map(({ cores }) => cores?.others ?? 0)) });
  }
  const quietest = turns.toSorted((one, other) => one.noise - other.noise).slice(0, wanted);
  return quietest.map(({ turn }) => turn);
}

export function speeds<Name extends string>(turns: readonly Turn<Name>[], name: Name): number[] {
  return turns.map(turn => turn[name].perSecond);
}
