/**
 * A session's place in a room's feed.
 * `held`: not known yet from which version on it is live; `waiting`: known, but the feed isn't there yet.
 */
export type Subscription = {
  readonly room: string;
  state: 'held' | 'waiting' | 'live' | 'ended';
  /** The version that the session was given; 0 before it was. */
  after: number;
  /** The version with which the user left, if that was while held. */
  leftAt: number | undefined;
  /** The user came in (again) since this was set to false. */
  cameAgain: boolean;
};
