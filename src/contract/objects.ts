/** The objects that cross the wire: shape and validation in one. */
import { z } from 'zod';
import { limits } from './limits.ts';

const lowercaseUuid = z.uuid().toLowerCase();
/** Counts from 1; 0 stands for "before the first". */
const counter = z.int().min(0);
/** ISO 8601, UTC, milliseconds. */
export const Time = z.iso.datetime({ precision: 3 });

/** The id of a user, a room or a message: a UUID, lower-cased. Version 7 is recommended. */
export const Id = lowercaseUuid;

export const Username = z
  .string()
  .max(limits.maxBodyBytes)
  .overwrite(name => name.normalize('NFKC').toLowerCase())
  .min(3)
  .max(32)
  .regex(/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])$/, 'letters a–z, digits, and . _ - between them');

/** Text that can be stored as it is, and that no other text turns into on the way. */
const storable = (text: z.ZodString) =>
  text.refine(
    value => value.isWellFormed() && !value.includes('\0'),
    'must be well-formed Unicode without NUL',
  );

/** Neither trimmed nor normalised: every character counts. */
export const Password = storable(z.string().min(8).max(128));

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is what this is for
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

const label = (maxLength: number, minLength = 1) =>
  z
    .string()
    .trim()
    .min(minLength)
    .max(maxLength)
    .refine(
      text => text.isWellFormed() && !controlCharacter.test(text),
      'must not contain control characters',
    );

export const DisplayName = label(limits.maxDisplayNameLength);
export const RoomName = label(limits.maxRoomNameLength);
export const Topic = label(limits.maxTopicLength);
/** Empty: from now on the room has none. */
export const NewTopic = label(limits.maxTopicLength, 0);

/** What a person wrote. Its length is checked by the operation, which answers `too_large` rather than `bad_request`. */
export const Text = storable(z.string().min(1));

/** Part of a room's name, to look for. */
export const RoomQuery = storable(z.string().max(limits.maxRoomNameLength));
/** The beginning of a name. */
export const UserQuery = storable(z.string().trim().min(1).max(limits.maxDisplayNameLength));
/** Where the next page begins. Made by the server. */
export const Cursor = storable(z.string().min(1).max(limits.maxCursorLength));

export const User = z.object({ id: Id, username: z.string(), displayName: z.string(), createdAt: Time });

export const Sender = User.omit({ createdAt: true });

export const Role = z.enum(['owner', 'member']);
export const RoomKind = z.enum(['public', 'private', 'direct']);

/** A room as one user sees it: `role` and `readSeq` are the asking member's own, `peer` the other person of a direct room. */
export const Room = z.object({
  id: Id,
  kind: RoomKind,
  name: z.string().nullable(),
  topic: z.string().optional(),
  createdAt: Time,
  memberCount: z.int(),
  lastSeq: counter,
  version: counter,
  role: Role.optional(),
  readSeq: counter.optional(),
  peer: User.optional(),
});

/** A room as everyone in it sees it. */
export const RoomInfo = Room.omit({ role: true, readSeq: true, peer: true });

export const Message = z.object({
  id: Id,
  seq: counter,
  version: counter,
  sender: Sender,
  text: z.string(),
  at: Time,
});

/** `in: false`: left or removed. `at`: when the person came or went. */
export const Member = z.object({ user: User, role: Role, in: z.boolean(), at: Time, version: counter });

/** What changed in a room from version `from` to `version`, both included: the changed rows in their latest state. */
export const Delta = z.object({
  room: Id,
  from: counter,
  version: counter,
  messages: z.array(Message).optional(),
  members: z.array(Member).optional(),
  memberCount: z.int().optional(),
  /** The room was renamed, or has another topic. */
  info: RoomInfo.optional(),
});

/** `token`: a JWT. `refreshToken`: gets the next Grant of the same login, once. */
export const Grant = z.object({ user: User, token: z.string(), expiresAt: Time, refreshToken: z.string() });

export type User = z.infer<typeof User>;
export type Sender = z.infer<typeof Sender>;
export type Role = z.infer<typeof Role>;
export type RoomKind = z.infer<typeof RoomKind>;
export type Room = z.infer<typeof Room>;
export type RoomInfo = z.infer<typeof RoomInfo>;
export type Message = z.infer<typeof Message>;
export type Member = z.infer<typeof Member>;
export type Delta = z.infer<typeof Delta>;
export type Grant = z.infer<typeof Grant>;
