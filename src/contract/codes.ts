/**
 * Error codes and close codes. Free of dependencies, so that clients may import it too.
 */

/**
 * Every error an operation can be answered with.
 * Not retryable means "this will never take effect"; retryable means "undecided". The same message with the same id may
 * then be sent again for ever.
 */
export const errorCodes = {
  bad_request: { status: 400, retryable: false },
  unauthorized: { status: 401, retryable: false },
  invalid_credentials: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  username_taken: { status: 409, retryable: false },
  name_taken: { status: 409, retryable: false },
  id_conflict: { status: 409, retryable: false },
  too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  upgrade_required: { status: 426, retryable: false },
  rate_limited: { status: 429, retryable: true },
  internal: { status: 500, retryable: true },
  timeout: { status: 503, retryable: true },
  unavailable: { status: 503, retryable: true },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** For people. Apart from the codes, since a client is told them and needn't carry them. */
export const errorTitles: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'Bad request',
  unauthorized: 'Not signed in',
  invalid_credentials: 'Wrong username or password',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  method_not_allowed: 'Method not allowed',
  username_taken: 'Username taken',
  name_taken: 'Room name taken',
  id_conflict: 'Message id used before with another text',
  too_large: 'Too large',
  unsupported_media_type: 'Content type must be application/json',
  upgrade_required: 'WebSocket upgrade required',
  rate_limited: 'Too many requests',
  internal: 'Internal error',
  timeout: 'Not finished in time',
  unavailable: 'Temporarily unavailable',
};

/** Close codes of the socket: 4000–4499 mean "reconnect", 4500–4999 mean "don't". */
export const closeCodes = {
  normal: 1000,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
  tooLarge: 1009,
  restarting: 1012,
  /** The server can't give this connection every change in order: reconnect and sync. */
  outOfStep: 4000,
  /** The token of this connection is no longer valid: get a new one first. */
  tokenExpired: 4001,
  /** More than `limits.maxUnsentBytes` were unsent: reconnect and sync. */
  slowReader: 4002,
  heartbeatLost: 4003,
  /** The user has `limits.maxConnectionsPerUser` open already. */
  tooManyConnections: 4004,
  protocolAbuse: 4500,
  /** The login of this connection has ended: signed out, or revoked. */
  signedOut: 4501,
} as const;

/** The subprotocol of this contract; the server answers it and nothing else. */
export const subprotocol = 'papo.v1';
/** A browser, which can't set headers, offers `bearer.<jwt>` beside {@link subprotocol}. */
export const bearerSubprotocolPrefix = 'bearer.';
export const protocolVersion = 1;

/** A page asks with this header that its refresh token come and go in a cookie, out of reach of scripts. */
export const refreshTokenHeader = { name: 'Papo-Refresh-Token', value: 'cookie' } as const;
