/**
 * Every number of the protocol in one place. Free of dependencies, so that clients may import it too.
 * Bytes are bytes of UTF-8; times are milliseconds unless the name says otherwise.
 */
export const limits = {
  /** Body of one HTTP request. */
  maxBodyBytes: 128 * 1024,
  /** Payload of one WebSocket message, in either direction from a client. */
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
  /** Normalising (NFKC) makes up to 18 characters of one in a room's name. */
  maxCursorLength: 80 * 18,
  /** A room that would need more rows than this to catch up is answered with `reset`. */
  maxSyncRows: 200,
  /** Rooms that get their newest page with a `reset`; those beyond are answered without messages. */
  maxSyncPages: 20,
  maxRoomsPerUser: 1_000,
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

/** The limits a client needs to know, as sent in `hello`. */
export const clientLimits = {
  maxFrameBytes: limits.maxFrameBytes,
  maxTextBytes: limits.maxTextBytes,
  maxRequestsInFlight: limits.maxRequestsInFlight,
  maxUnsentBytes: limits.maxUnsentBytes,
} as const;
