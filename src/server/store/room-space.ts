/**
 * How many rooms somebody can be in. Others may bring them into a share of these, and nobody alone into much of that share,
 * so that whoever invites without end keeps nobody from making and joining rooms, or from being invited by others
 * (docs/adr/0014-others-fill-a-share-of-ones-rooms.md).
 */
import { sql } from 'kysely';
import { limits } from '../../contract/limits.ts';
import { OperationError } from '../errors.ts';
import type { Database } from './database.ts';

/** As the SQL functions want them. */
export const spaceLimits: readonly number[] = [
  limits.maxRoomsPerUser,
  limits.maxRoomsBroughtInto,
  limits.maxRoomsBroughtIntoByOne,
];

/**
 * Locks the person until the transaction ends: what is done with the space is done in it.
 * @param bringer who brings the person into the room; undefined: they come by themselves.
 * @throws OperationError `forbidden`
 */
export async function requireSpace(transaction: Database, person: string, bringer?: string): Promise<void> {
  const { rows } = await sql<{ has: boolean }>`
    select has_space_for(${person}, ${bringer ?? null}, ${sql.join(spaceLimits)}) as has`.execute(
    transaction,
  );
  if (rows[0]?.has !== true) throw noSpace(bringer);
}

/** @param bringer as above. */
export function noSpace(bringer: string | undefined): OperationError {
  return new OperationError(
    'forbidden',
    bringer === undefined
      ? `nobody can be in more than ${limits.maxRoomsPerUser} rooms`
      : 'this person can not be brought into more rooms',
  );
}
