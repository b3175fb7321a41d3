import type { Room } from 'papo/sdk';

/** What a room is called: its name; a direct one by the other person's. */
export function titleOf(room: Room): string {
  return room.name ?? room.peer?.displayName ?? '';
}

/** One or two letters for an avatar: the beginnings of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/);
  const [first = '', last = ''] = [words[0], words.length > 1 ? words.at(-1) : ''];
  return (firstLetter(first) + firstLetter(last)).toLocaleUpperCase();
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What a person sees as one letter may be several code points. */
function firstLetter(word: string): string {
  for (const { segment } of graphemes.segment(word)) return segment;
  return '';
}

/** As many as can be told apart. */
const hues = 12;

/** A hue that stays a person's, on every device: from their id, by FNV-1a. */
export function hueOf(id: string): number {
  let hash = 2_166_136_261;
  for (const character of id) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  return ((hash >>> 0) % hues) * (360 / hues);
}
