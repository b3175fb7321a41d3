/**
 * Every number of the protocol in one place. Free of dependencies, so that clients may import it too.
 * Bytes are bytes of UTF-8; times are milliseconds unless the name says otherwise.
 */
export const limits = {
  /** Body of one HTTP request. */
  maxBodyBytes: 128 * 1024,
  /** Payload of one WebSocket message from a client. */
  maxFrameBytes: 128 * 1024,
  maxTextBytes: 16 * 1024,
  maxRoomNameLength: 80,
  maxTopicLength: 250,
  maxDisplayNameLength: 64,
  /** Rows that one answer carries; a page ends early, with `more`, beyond it. */
  maxAnswerBytes: 256 * 1024,
  maxHistoryPage: 100,
  historyPage: 50,
  maxChangesPage: 500,
  maxListPage: 100,
  listPage: 50,
  maxUsersPage: 50,
  usersPage: 20,
  /** Normalising (NFKC) makes up to 18 characters of one in a room's name. */
  maxCursorLength: 80 * 18,
  /** A room that would need more rows than this to catch up is answered with `reset`. */
  maxSyncRows: 200,
  /** Rooms that get their newest page with a `reset`; those beyond are answered without messages. */
  maxSyncPages: 20,
  maxRoomsPerUser: 1_000,
  /** Of these, those that others have brought a user into, by an invitation or a direct room; */
  maxRoomsBroughtInto: 500,
  /** and of those, the ones into which one and the same person has. */
  maxRoomsBroughtIntoByOne: 100,
  maxConnectionsPerUser: 20,
  /** HTTP connections of one network address that are open at a time; WebSockets aren't among them. */
  maxHttpConnectionsPerAddress: 500,
  /** Logins a user can have; a new one beyond it ends the one that was refreshed longest ago. */
  maxLoginsPerUser: 100,
  /** A login that is not refreshed for so long ends. */
  maxIdleLoginMs: 90 * 24 * 60 * 60 * 1000,
  /** In rooms with more members, comings and goings are not told one by one. */
  maxMembersTold: 500,
  /** Within this time a change covers the comings and goings that were not told. */
  coverWithinMs: 1_000,
  maxRequestsInFlight: 64,
  /** While more than this is unsent to a connection, none of its requests starts. */
  maxUnsentBeforeReading: 256 * 1024,
  /** A reader with more than this unsent is disconnected with `closeCodes.slowReader`. */
  maxUnsentBytes: 1024 * 1024,
  /** Malformed frames a minute before a connection is closed with `closeCodes.protocolAbuse`. */
  maxMalformedPerMinute: 20,
  heartbeatMs: 30_000,
  /** How long a client waits for the answer to its `ping`. */
  pingTimeoutMs: 10_000,
  /** A change that PostgreSQL hasn't decided by then is answered with `timeout`. */
  operationTimeoutMs: 30_000,
} as const;

/** How often something may be done: `burst` times at once, and again as the bucket fills, `perMinute`. */
export type Rate = {
  /** Whose bucket it is: the signed-in user's, that of the account named in the input, or the network address's. */
  readonly by: 'user' | 'account' | 'address';
  readonly perMinute: number;
  readonly burst: number;
};

export const rates = {
  registrations: { by: 'address', perMinute: 10, burst: 20 },
  loginsOfAccount: { by: 'account', perMinute: 10, burst: 10 },
  loginsOfAddress: { by: 'address', perMinute: 60, burst: 60 },
  refreshes: { by: 'address', perMinute: 600, burst: 600 },
  messages: { by: 'user', perMinute: 1_200, burst: 40 },
  /** Messages sent, whether for the first time or again. */
  sends: { by: 'user', perMinute: 12_000, burst: 2_000 },
  /** Making rooms, and changing who is in them. */
  roomChanges: { by: 'user', perMinute: 600, burst: 200 },
  /** Everything a user asks for, whatever it is. */
  requests: { by: 'user', perMinute: 6_000, burst: 600 },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof rates;

/** The limits a client needs to know, as sent in `hello`. */
export const clientLimits = {
  maxFrameBytes: limits.maxFrameBytes,
  maxTextBytes: limits.maxTextBytes,
  maxRequestsInFlight: limits.maxRequestsInFlight,
  maxUnsentBytes: limits.maxUnsentBytes,
  messagesPerMinute: rates.messages.perMinute,
  messageBurst: rates.messages.burst,
} as const;
