/**
 * Error codes and close codes. Free of dependencies, so that clients may import it too.
 */

/**
 * Every error an operation can be answered with.
 * Not retryable means "this will never take effect"; retryable means "undecided". The same message with the same id may
 * then be sent again for ever.
 */
export const errorCodes = {
  bad_request: { status: 400, retryable: false, title: 'Bad request' },
  unauthorized: { status: 401, retryable: false, title: 'Not signed in' },
  invalid_credentials: { status: 401, retryable: false, title: 'Wrong username or password' },
  forbidden: { status: 403, retryable: false, title: 'Not allowed' },
  not_found: { status: 404, retryable: false, title: 'Not found' },
  method_not_allowed: { status: 405, retryable: false, title: 'Method not allowed' },
  username_taken: { status: 409, retryable: false, title: 'Username taken' },
  name_taken: { status: 409, retryable: false, title: 'Room name taken' },
  id_conflict: { status: 409, retryable: false, title: 'Message id used before with another text' },
  too_large: { status: 413, retryable: false, title: 'Too large' },
  unsupported_media_type: { status: 415, retryable: false, title: 'Content type must be application/json' },
  upgrade_required: { status: 426, retryable: false, title: 'WebSocket upgrade required' },
  rate_limited: { status: 429, retryable: true, title: 'Too many requests' },
  internal: { status: 500, retryable: true, title: 'Internal error' },
  timeout: { status: 503, retryable: true, title: 'Not finished in time' },
  unavailable: { status: 503, retryable: true, title: 'Temporarily unavailable' },
} as const;

export type ErrorCode = keyof typeof errorCodes;

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
