import type { Row } from '../state/row.ts';

const lineHeightPx = 24;
const rowPaddingPx = 4;
/** The name and time above the first one of a group. */
const headerPx = 30;
const dayPx = 52;
const characterPx = 7.5;
/** What avatar and margins take of the width; and as wide as the text gets. */
const besidesTextPx = 120;
const maxTextPx = 720;
/** A longer text is as long as it gets. */
const maxLines = 100;

/**
 * What rows will probably take, before they were seen. The better the guess, the steadier the scroll bar. Each is guessed once
 * for a width: whenever one row comes in or is measured, the virtualizer adds up all of them.
 */
export class RowHeights {
  #guessed = new WeakMap<Row, number>();
  #widthPx = 0;

  /** @param widthPx of the whole list. */
  fit(widthPx: number): void {
    if (widthPx === this.#widthPx) return;
    this.#widthPx = widthPx;
    this.#guessed = new WeakMap();
  }

  /** @param row `undefined`: where the room begins. */
  of(row: Row | undefined): number {
    if (row === undefined) return rowPaddingPx + lineHeightPx;
    const height = this.#guessed.get(row) ?? guess(row, this.#widthPx);
    this.#guessed.set(row, height);
    return height;
  }
}

function guess({ text, startsGroup, startsDay }: Row, widthPx: number): number {
  const textPx = Math.min(Math.max(widthPx - besidesTextPx, besidesTextPx), maxTextPx);
  const count = text
    .split('\n', maxLines)
    .reduce((sum, line) => sum + Math.max(1, Math.ceil((line.length * characterPx) / textPx)), 0);
  return rowPaddingPx + count * lineHeightPx + (startsGroup ? headerPx : 0) + (startsDay ? dayPx : 0);
}
