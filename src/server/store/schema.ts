/** The tables, as Kysely sees them. What each is for stands in the migration that makes it. */
import type { Generated } from 'kysely';
import type { Role, RoomKind } from '../../contract/objects.ts';

export type Schema = {
  settings: { key: string; value: string };
  users: {
    id: string;
    username: string;
    display_name: string;
    display_key: Generated<string>;
    password_hash: string;
    welcomed: Generated<boolean>;
    administrator: Generated<boolean>;
    disabled_at: Date | null;
    password_generation: Generated<number>;
    created_at: Generated<Date>;
  };
  logins: {
    id: string;
    user_id: string;
    generation: Generated<number>;
    refreshed_at: Generated<Date>;
    created_at: Generated<Date>;
  };
  ended_logins: { user_id: string; at: Date };
  rooms: {
    id: string;
    kind: RoomKind;
    name: string | null;
    name_key: string | null;
    topic: string | null;
    direct_pair: string | null;
    version: Generated<number>;
    created_at: Generated<Date>;
  };
  room_heads: { room_id: string; last_seq: number; version: number; member_count: number };
  members: {
    room_id: string;
    user_id: string;
    role: Role;
    state: 'in' | 'out' | 'removed';
    version: number;
    since: number;
    read_seq: number;
    brought_by: string | null;
    at: Generated<Date>;
  };
  messages: {
    room_id: string;
    seq: number;
    version: number;
    id: string;
    sender_id: string;
    text: string;
    digest: Buffer;
    created_at: Date;
  };
};
