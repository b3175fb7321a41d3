/** The call of the SQL function `append_messages`: one batch, one statement, one commit. */
import type pg from 'pg';
import type { Sender } from '../../contract/objects.ts';

/** A message on its way into the log. `id` is the sender's, and makes sending it again safe. */
export type Append = { room: string; sender: Sender; id: string; text: string };

/** What became of an {@link Append}. `text` and `at` are the stored message's. */
export type AppendOutcome =
  | { outcome: 'stored' | 'duplicate'; seq: number; version: number; text: string; at: Date }
  /** The id was used before for another text. Nothing changed. */
  | { outcome: 'conflict' }
  /** The sender is not a member of the room, or there is no such room. */
  | { outcome: 'refused' };

type Row = { outcome: AppendOutcome['outcome']; seq: number; version: number; text: string | null; at: Date };

/** Stores what isn't stored yet. Outcomes are in the order of the batch. */
export async function appendMessages(
  client: pg.ClientBase,
  batch: readonly Append[],
): Promise<AppendOutcome[]> {
  const { rows } = await client.query<Row>({
    name: 'append_messages',
    text: 'select outcome, seq, version, text, at from append_messages($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])',
    values: [
      batch.map(append => append.room),
      batch.map(append => append.sender.id),
      batch.map(append => append.id),
      batch.map(append => append.text),
    ],
  });
  return batch.map((append, index) => outcomeOf(append, rows[index]));
}

function outcomeOf(append: Append, row: Row | undefined): AppendOutcome {
  if (row === undefined) throw new Error('append_messages returned fewer rows than it was given');
  switch (row.outcome) {
    case 'stored':
    case 'duplicate':
      return {
        outcome: row.outcome,
        seq: row.seq,
        version: row.version,
        text: row.text ?? append.text,
        at: row.at,
      };
    case 'conflict':
    case 'refused':
      return { outcome: row.outcome };
    default:
      return row.outcome satisfies never;
  }
}
