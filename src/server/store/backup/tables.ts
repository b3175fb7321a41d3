/** Which tables a backup holds. */
import { sql } from 'kysely';
import type { Database } from '../database.ts';
import type { Schema } from '../schema.ts';

export type TableName = keyof Schema;

/** Those that others refer to come first. The type sees to it that none is forgotten. */
const order: Record<TableName, number> = {
  settings: 0,
  users: 1,
  logins: 2,
  ended_logins: 3,
  rooms: 4,
  room_heads: 5,
  members: 6,
  messages: 7,
};

const all = (Object.keys(order) as TableName[]).sort((one, other) => order[one] - order[other]);

/** papo's tables in a database: an older schema may lack some. In the order in which they can be filled. */
export async function presentTables(db: Database): Promise<TableName[]> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema()`.execute(db);
  const there = new Set(rows.map(row => row.name));
  return all.filter(name => there.has(name));
}

export async function countRows(db: Database, table: TableName): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) from ${sql.table(table)}`.execute(db);
  return rows[0]?.count ?? 0;
}
