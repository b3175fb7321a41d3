import { limits } from '../../contract/limits.ts';

/** The first rows that fit into one answer; at least one, so that paging always gets on. */
export function withinAnswer<Row>(rows: readonly Row[], maxBytes: number = limits.maxAnswerBytes): Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, index) => {
    bytes += jsonBytes(row);
    return index > 0 && bytes > maxBytes;
  });
  return rows.slice(0, end === -1 ? rows.length : end);
}

/** Size of a row on the wire. */
export function jsonBytes(row: unknown): number {
  return Buffer.byteLength(JSON.stringify(row));
}
