/** The hub: this node's live rooms, and the sessions of its users. */
import { closeCodes } from '../../contract/codes.ts';
import { limits } from '../../contract/limits.ts';
import type { Delta, Room } from '../../contract/objects.ts';
import { OperationError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Change, Changes } from '../store/changes.ts';
import type { CommitListener } from '../store/message-log.ts';
import type { Rooms } from '../store/rooms.ts';
import { type FeedSurroundings, RoomFeed } from './room-feed.ts';
import type { Session } from './session.ts';
import type { Subscription } from './subscription.ts';
import type { Turn } from './turn.ts';

/** Rooms that nobody is connected to, kept with their tails for those who come back. */
const maxIdleFeeds = 500;
/** Longer than a handshake takes that has asked for its login before that ended. */
const rememberEndedMs = 30_000;

export class Hub implements CommitListener {
  readonly #rooms: Pick<Rooms, 'joinedBy'>;
  readonly #log: Logger;
  readonly #around: FeedSurroundings;
  readonly #feeds = new Map<string, RoomFeed>();
  /** Feeds without sessions, the longest idle first. */
  readonly #idle = new Set<RoomFeed>();
  /** By user. */
  readonly #sessions = new Map<string, Set<Session>>();
  readonly #byLogin = new Map<string, Set<Session>>();
  /** Logins that ended lately. */
  readonly #ended = new Set<string>();

  constructor(
    rooms: Pick<Rooms, 'joinedBy'>,
    changes: Pick<Changes, 'above' | 'newest'>,
    turn: Turn,
    metrics: Metrics,
    log: Logger,
  ) {
    this.#rooms = rooms;
    this.#log = log;
    this.#around = {
      turn,
      metrics,
      readAbove: (room, after) => changes.above(room, after, limits.maxChangesPage),
      readNewest: room => changes.newest(room, limits.maxSyncRows),
      deliver: delta => this.deliver(delta),
      onFailure: (err, room) => log.warn({ err, room }, 'missing changes could not be read'),
    };
    metrics.roomsLive.from(() => this.#feeds.size - this.#idle.size);
    metrics.usersOnline.from(() => this.#sessions.size);
    metrics.connections.from(() => [...this.sessions()].length);
    metrics.bufferedBytes.from(() => [...this.sessions()].reduce((sum, each) => sum + each.unsentBytes(), 0));
  }

  /** Every session, for closing them. */
  *sessions(): Iterable<Session> {
    for (const sessions of this.#sessions.values()) yield* sessions;
  }

  /** The logins that sessions go by: those of some users, or of everyone. */
  logins(users: Iterable<string> = this.#sessions.keys()): string[] {
    const theirs = [...users].flatMap(user => [...(this.#sessions.get(user) ?? [])]);
    return [...new Set(theirs.map(session => session.login))];
  }

  /** How many connections a user has. */
  connectionsOf(user: string): number {
    return this.#sessions.get(user)?.size ?? 0;
  }

  connect(session: Session): void {
    addTo(this.#sessions, session.user.id, session);
    this.adopt(session, session.login);
  }

  /** From here on the session goes by this login, unless that has just ended. */
  adopt(session: Session, login: string): void {
    removeFrom(this.#byLogin, session.login, session);
    session.login = login;
    addTo(this.#byLogin, login, session);
    if (this.#ended.has(login)) session.close(closeCodes.signedOut, 'signed out');
  }

  /** A login has ended, and so do its sessions, also those about to come. */
  signOut(login: string): void {
    if (!this.#ended.has(login)) setTimeout(() => this.#ended.delete(login), rememberEndedMs).unref();
    this.#ended.add(login);
    for (const session of [...(this.#byLogin.get(login) ?? [])]) {
      session.close(closeCodes.signedOut, 'signed out');
    }
  }

  disconnect(session: Session): void {
    this.silence(session);
    session.ended();
    removeFrom(this.#sessions, session.user.id, session);
    removeFrom(this.#byLogin, session.login, session);
  }

  /** Takes a committed change to everyone in the room, and people who came or went into or out of its feed. */
  deliver(delta: Delta): void {
    const feed = this.#feeds.get(delta.room);
    // What is missing will be delivered, this change with it. One that is known may be so because somebody has read it
    // from the database: who came and went by it is still to be told.
    if (feed?.accept(delta) === 'gap') return;
    for (const { user, in: isIn, version } of delta.members ?? []) {
      for (const session of this.#sessions.get(user.id) ?? []) {
        if (isIn) feed?.came(session);
        if (isIn) this.#came(session, delta.room);
        else this.#went(session, delta.room, version);
      }
    }
  }

  /** The user is in the room, since now or before: their sessions get to know it, those that don't. */
  came(user: string, room: string): void {
    for (const session of this.#sessions.get(user) ?? []) this.#came(session, room);
  }

  /** The user's read mark moved: their other synced connections get to know. */
  read(user: string, room: string, seq: number, from: Session | undefined): void {
    for (const session of this.#sessions.get(user) ?? []) {
      if (session === from) continue;
      if (session.phase === 'live') session.say({ event: 'read', room, seq });
      // The rooms may have been read before this.
      session.meanwhile?.read.set(room, seq);
    }
  }

  reach(room: string, version: number): void {
    this.#feeds.get(room)?.reach(version);
  }

  /**
   * Opens a place in a room's feed, held; or answers with the one that is there.
   * @throws OperationError `unavailable` when the session has ended: nobody would ever take it out again.
   */
  enter(session: Session, room: string): Subscription {
    if (session.phase === 'closed') throw new OperationError('unavailable', 'the connection is gone');
    const present = session.subscriptions.get(room);
    if (present !== undefined) return present;
    const feed = this.#feeds.get(room) ?? new RoomFeed(room, this.#around);
    this.#feeds.set(room, feed);
    this.#idle.delete(feed);
    return feed.enter(session);
  }

  /** The rows of a room changed above a version, up to one that was seen in the database; see {@link RoomFeed}. */
  async changesBetween(room: string, after: number, upTo: number): Promise<Change[] | undefined> {
    return this.#feeds.get(room)?.changesBetween(after, upTo);
  }

  /** From here on until `goLive` a session is told nothing, but takes note of rooms its user comes into. */
  beginSync(session: Session): void {
    if (session.phase === 'closed') throw new OperationError('unavailable', 'the connection is gone');
    if (session.phase === 'syncing') throw new OperationError('bad_request', 'a sync is under way');
    this.silence(session);
    session.phase = 'syncing';
    session.meanwhile = { came: new Set(), read: new Map() };
  }

  /** Takes a session out of all feeds. */
  silence(session: Session): void {
    for (const room of [...session.subscriptions.keys()]) this.#drop(session, room);
    session.meanwhile = undefined;
    if (session.phase !== 'closed') session.phase = 'silent';
  }

  /**
   * A session has been told all its rooms, as of their versions, read after it had entered them:
   * from there on it is live.
   */
  goLive(session: Session, rooms: readonly Room[]): void {
    const { meanwhile } = session;
    if (session.phase !== 'syncing' || meanwhile === undefined) return;
    session.meanwhile = undefined;
    session.phase = 'live';
    const told = new Map(rooms.map(room => [room.id, room.version]));
    for (const room of [...session.subscriptions.keys()]) {
      const version = told.get(room);
      if (version === undefined) this.#drop(session, room);
      else this.#release(session, room, version);
    }
    for (const room of meanwhile.came) {
      if (!told.has(room)) this.#came(session, room);
    }
    for (const [room, seq] of meanwhile.read) session.say({ event: 'read', room, seq });
  }

  #came(session: Session, room: string): void {
    if (session.phase === 'silent' || session.phase === 'closed') return;
    // A sync under way may have read the user's rooms before this one or after: it decides.
    session.meanwhile?.came.add(room);
    if (session.subscriptions.has(room)) return;
    const subscription = this.enter(session, room);
    if (session.phase === 'live') void this.#showRoom(session, subscription);
  }

  #went(session: Session, room: string, version: number): void {
    const feed = this.#feeds.get(room);
    feed?.leave(session, version);
    this.#retire(feed);
  }

  /** Tells a session of a room that its user has come into. */
  async #showRoom(session: Session, subscription: Subscription): Promise<void> {
    subscription.cameAgain = false;
    try {
      const room = await this.#rooms.joinedBy(session.user.id, subscription.room);
      if (subscription.state !== 'held') return;
      session.say({ event: 'joined', room });
      this.#release(session, room.id, room.version);
    } catch (error) {
      if (subscription.state !== 'held') return;
      if (!(error instanceof OperationError)) {
        this.#log.warn({ err: error, room: subscription.room }, 'a joined room could not be read');
        session.close(closeCodes.outOfStep, 'a room could not be read: reconnect');
      } else if (subscription.cameAgain) {
        // Out when the room was read, and in again since.
        await this.#showRoom(session, subscription);
      } else {
        // Out again before the room was read: there is nothing to tell.
        this.#drop(session, subscription.room);
      }
    }
  }

  #release(session: Session, room: string, version: number): void {
    const feed = this.#feeds.get(room);
    feed?.release(session, version);
    this.#retire(feed);
  }

  #drop(session: Session, room: string): void {
    const feed = this.#feeds.get(room);
    feed?.end(session);
    this.#retire(feed);
  }

  /** Keeps a feed that nobody is in for a while, and lets go of the one that has been idle longest. */
  #retire(feed: RoomFeed | undefined): void {
    if (!feed?.isEmpty || this.#idle.has(feed)) return;
    this.#idle.add(feed);
    if (this.#idle.size <= maxIdleFeeds) return;
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest);
      this.#feeds.delete(oldest.room);
      return;
    }
  }
}

function addTo(groups: Map<string, Set<Session>>, key: string, session: Session): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([session]));
  else group.add(session);
}

function removeFrom(groups: Map<string, Set<Session>>, key: string, session: Session): void {
  const group = groups.get(key);
  group?.delete(session);
  if (group?.size === 0) groups.delete(key);
}
