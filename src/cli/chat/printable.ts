/** What others wrote must never steer the terminal (escape sequences) or turn a line around (bidi overrides). */

const unsafe = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** One line, harmless to print: what could act on the terminal is replaced. */
export function printable(text: string): string {
  return text.replaceAll('\t', '  ').replace(unsafe, '\u{fffd}');
}

/** The lines of a message, each harmless to print. */
export function printableLines(text: string): string[] {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).map(printable);
}

/** At most `length` characters, on one line. */
export function excerpt(text: string, length: number): string {
  const characters = [...text.replace(/\s+/g, ' ')];
  return characters.length <= length ? characters.join('') : `${characters.slice(0, length - 1).join('')}…`;
}

/** How many columns a terminal gives to `text`, near enough: to know how many rows a typed line took. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mn}/u.test(character)) continue;
    columns +=
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}
