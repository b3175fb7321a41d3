/** The objects that cross the wire: shape and validation in one. */
import { z } from 'zod';
import { limits } from './limits.ts';

/** Counts from 1; 0 stands for "before the first". */
const counter = z.int().min(0);

export const Time = z.iso
  .datetime({ precision: 3 })
  .meta({ id: 'Time', description: 'ISO 8601, UTC, milliseconds.' });

export const Id = z.uuid().toLowerCase().meta({
  id: 'Id',
  description: 'The id of a user, a room or a message: a UUID, lower-cased. Version 7 is recommended.',
});

export const Username = z
  .string()
  .max(limits.maxBodyBytes)
  .overwrite(name => name.normalize('NFKC').toLowerCase())
  .min(3)
  .max(32)
  .regex(/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])$/, 'letters a–z, digits, and . _ - between them')
  .describe('Normalised (NFKC) and lower-cased before it is looked at. Unique.');

/** Text that can be stored as it is, and that no other text turns into on the way. */
const storable = (text: z.ZodString) =>
  text.refine(
    value => value.isWellFormed() && !value.includes('\0'),
    'must be well-formed Unicode without NUL',
  );

export const Password = storable(z.string().min(8).max(128)).describe(
  'Neither trimmed nor normalised: every character counts. No NUL.',
);

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

export const DisplayName = label(limits.maxDisplayNameLength).describe(
  'What others see. Trimmed; no control characters. Absent: the username.',
);
export const RoomName = label(limits.maxRoomNameLength).describe('Trimmed; no control characters.');
export const Topic = label(limits.maxTopicLength).describe(
  'What the room is about. Trimmed; no control characters.',
);
export const NewTopic = label(limits.maxTopicLength, 0).describe('Empty: from now on the room has none.');

/** Its length is checked by the operation, which answers `too_large` rather than `bad_request`. */
export const Text = storable(z.string().min(1)).describe(
  `What a person wrote: 1 to ${limits.maxTextBytes} bytes of UTF-8, without NUL and lone surrogates.`,
);

export const RoomQuery = storable(z.string().max(limits.maxRoomNameLength)).describe(
  "Part of a room's name, in any case.",
);
export const UserQuery = storable(z.string().trim().min(1).max(limits.maxDisplayNameLength)).describe(
  'The beginning of a username or a display name, in any case, with or without accents.',
);
export const Cursor = storable(z.string().min(1).max(limits.maxCursorLength)).describe(
  'Where the next page begins, as the page before said it.',
);

export const User = z
  .object({ id: Id, username: z.string(), displayName: z.string(), createdAt: Time })
  .meta({ id: 'User', description: 'A person.' });

export const Sender = User.omit({ createdAt: true }).meta({
  id: 'Sender',
  description: 'Who sent a message.',
});

export const Role = z.enum(['owner', 'member']);
export const RoomKind = z.enum(['public', 'private', 'direct']);

export const Room = z
  .object({
    id: Id,
    kind: RoomKind,
    name: z.string().nullable().describe('`null` in direct rooms.'),
    topic: z.string().optional(),
    createdAt: Time,
    memberCount: z.int(),
    lastSeq: counter.describe('The `seq` of the last message; 0 when there is none.'),
    version: counter.describe("The room's last change when this was read."),
    role: Role.optional().describe("The asking user's own; absent: not a member."),
    readSeq: counter.optional().describe("The asking member's own read mark."),
    peer: User.optional().describe('In direct rooms: the other person.'),
  })
  .meta({ id: 'Room', description: 'A room as one user sees it.' });

export const RoomInfo = Room.omit({ role: true, readSeq: true, peer: true }).meta({
  id: 'RoomInfo',
  description: 'A room as everyone in it sees it.',
});

export const Message = z
  .object({
    id: Id.describe("Made by the sender. A message's key is `(room, seq)`: others may use the same id."),
    seq: counter.describe('Its place in the room: 1, 2, 3, without gaps.'),
    version: counter.describe('The change of the room that this row is from.'),
    sender: Sender,
    text: z.string(),
    at: Time.describe('When it was stored. For display only: `seq` is the order.'),
  })
  .meta({ id: 'Message', description: 'What a person wrote.' });

export const Member = z
  .object({
    user: User,
    role: Role,
    in: z.boolean().describe('False: left or removed.'),
    at: Time.describe('When the person came or went.'),
    version: counter.describe('The change of the room that this row is from.'),
  })
  .meta({ id: 'Member', description: 'Someone who is in a room, or was.' });

export const Delta = z
  .object({
    room: Id,
    from: counter,
    version: counter,
    messages: z.array(Message).optional(),
    members: z.array(Member).optional(),
    memberCount: z.int().optional(),
    info: RoomInfo.optional().describe('The room was renamed, or has another topic.'),
  })
  .meta({
    id: 'Delta',
    description:
      'What changed in a room from version `from` to `version`, both included: the changed rows, each in its latest state.',
  });

export const Account = z
  .object({
    user: User,
    administrator: z.boolean(),
    disabledAt: Time.optional().describe(
      'Since when nobody can sign in to it; absent: anybody who has the password can.',
    ),
  })
  .meta({ id: 'Account', description: 'A person, as an administrator sees them.' });

export const Grant = z
  .object({
    user: User,
    token: z.string().describe('A JWT, for the `Authorization` header.'),
    expiresAt: Time.describe('When the token does.'),
    refreshToken: z.string().describe('Gets the next grant of the same login, once.'),
  })
  .meta({ id: 'Grant', description: 'What signing in gives.' });

export const CookieGrant = Grant.omit({ refreshToken: true }).meta({
  id: 'CookieGrant',
  description: 'What signing in gives a page whose refresh token is in a cookie.',
});

export type User = z.infer<typeof User>;
export type Account = z.infer<typeof Account>;
export type Sender = z.infer<typeof Sender>;
export type Role = z.infer<typeof Role>;
export type RoomKind = z.infer<typeof RoomKind>;
export type Room = z.infer<typeof Room>;
export type RoomInfo = z.infer<typeof RoomInfo>;
export type Message = z.infer<typeof Message>;
export type Member = z.infer<typeof Member>;
export type Delta = z.infer<typeof Delta>;
export type Grant = z.infer<typeof Grant>;
export type CookieGrant = z.infer<typeof CookieGrant>;
