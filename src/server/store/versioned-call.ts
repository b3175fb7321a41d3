/** Calls of the SQL functions that change a room: each answers with the versions that its change took. */
import type pg from 'pg';

export type VersionedOutcome = {
  outcome: 'changed' | 'unchanged' | 'refused' | 'taken' | 'full';
  /** The first version of the change, and the last; both the room's head when there was none. */
  from: number;
  version: number;
  memberCount: number;
};

type Row = {
  outcome: VersionedOutcome['outcome'];
  first_version: number;
  version: number;
  member_count: number;
};

/** @param statement selects from a function that returns (outcome, first_version, version, member_count). */
export async function callVersioned(
  client: pg.ClientBase,
  statement: string,
  parameters: readonly (string | number | null)[],
): Promise<VersionedOutcome> {
  const { rows } = await client.query<Row>(statement, [...parameters]);
  const [row] = rows;
  if (row === undefined) throw new Error(`no row came from ${statement}`);
  return {
    outcome: row.outcome,
    from: row.first_version,
    version: row.version,
    memberCount: row.member_count,
  };
}
