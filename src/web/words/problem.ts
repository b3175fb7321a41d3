import { ChatError } from 'papo/sdk';
import type { Words } from './words.ts';

/** What to say about something that failed. */
export function problemText(thrown: unknown, { problems }: Words): string {
  const { code } = ChatError.of(thrown);
  if (code === 'timeout' || code === 'internal') return problems.unavailable;
  return Object.hasOwn(problems, code) ? problems[code as keyof Words['problems']] : problems.other;
}
