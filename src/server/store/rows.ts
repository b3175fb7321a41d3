/** From rows of the database to objects of the contract. */
import type { Account, Member, Message, Role, RoomInfo, RoomKind, User } from '../../contract/objects.ts';

export type UserRow = { id: string; username: string; display_name: string; created_at: Date };

export function userOf(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    createdAt: row.created_at.toISOString(),
  };
}

export type AccountRow = UserRow & { administrator: boolean; disabled_at: Date | null };

export function accountOf(row: AccountRow): Account {
  return {
    user: userOf(row),
    administrator: row.administrator,
    ...(row.disabled_at !== null && { disabledAt: row.disabled_at.toISOString() }),
  };
}

export type MemberRow = UserRow & { role: Role; state: 'in' | 'out' | 'removed'; version: number; at: Date };

export function memberOf(row: MemberRow): Member {
  return {
    user: userOf(row),
    role: row.role,
    in: row.state === 'in',
    at: row.at.toISOString(),
    version: row.version,
  };
}

export type MessageRow = {
  id: string;
  seq: number;
  version: number;
  text: string;
  at: Date;
  sender_id: string;
  username: string;
  display_name: string;
};

export function messageOf(row: MessageRow): Message {
  return {
    id: row.id,
    seq: row.seq,
    version: row.version,
    sender: { id: row.sender_id, username: row.username, displayName: row.display_name },
    text: row.text,
    at: row.at.toISOString(),
  };
}

export type RoomInfoRow = {
  id: string;
  kind: RoomKind;
  name: string | null;
  topic: string | null;
  created_at: Date;
  member_count: number;
  last_seq: number;
  version: number;
};

/** A room with its head, as everyone in it sees it. */
export function roomInfoOf(row: RoomInfoRow): RoomInfo {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    ...(row.topic !== null && { topic: row.topic }),
    createdAt: row.created_at.toISOString(),
    memberCount: row.member_count,
    lastSeq: row.last_seq,
    version: row.version,
  };
}
