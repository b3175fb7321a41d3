import { signal } from '@preact/signals';

/** How one language writes times and days. */
export interface Dates {
  time(at: number): string;
  /** Where there is little room: without "AM" and "PM". */
  shortTime(at: number): string;
  /** Of a separator: near days by the day of the week, those of other years with the year. */
  day(at: number): string;
  /** A day by itself, with its year. */
  date(at: number): string;
  full(at: number): string;
}

const dayMs = 24 * 60 * 60 * 1000;
const made = new Map<string, Dates>();

/** Making formatters is slow: once per language. */
export function datesOf(language: string): Dates {
  const known = made.get(language) ?? makeDates(language);
  made.set(language, known);
  return known;
}

function makeDates(language: string): Dates {
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language, options);
  const time = format({ hour: 'numeric', minute: '2-digit' });
  const near = format({ weekday: 'long', day: 'numeric', month: 'long' });
  const far = format({ day: 'numeric', month: 'long', year: 'numeric' });
  const date = format({ dateStyle: 'medium' });
  const full = format({ dateStyle: 'full', timeStyle: 'short' });
  return {
    time: at => time.format(at),
    shortTime: at => {
      const parts = time.formatToParts(at).filter(({ type }) => type !== 'dayPeriod');
      return parts
        .map(({ value }) => value)
        .join('')
        .trim();
    },
    day: at => (isThisYear(at) ? near : far).format(at),
    date: at => date.format(at),
    full: at => full.format(at),
  };
}

function isThisYear(at: number): boolean {
  return new Date(at).getFullYear() === new Date(today.value).getFullYear();
}

/** The midnight with which today began; at the next one it is another. */
export const today = signal(midnightOf(Date.now()));

/** How many midnights ago: 0 today, 1 yesterday. Days are not always 24 hours long. */
export function daysAgo(at: number): number {
  return Math.round((today.value - midnightOf(at)) / dayMs);
}

function midnightOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Timers stand still while a device sleeps, and its clock may be set: no wait for midnight is longer than this. */
const longestWaitMs = 60_000;

function awaitMidnight(): void {
  const now = Date.now();
  today.value = midnightOf(now);
  const next = new Date(now).setHours(24, 0, 0, 0);
  setTimeout(awaitMidnight, Math.min(longestWaitMs, next - now));
}
awaitMidnight();
