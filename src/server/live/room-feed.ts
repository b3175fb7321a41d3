/**
 * One room, live on this node: how far its changes have come, the last of them, and whom they go to.
 *
 * A feed passes changes on without a hole or an overlap. Where a change doesn't join the last one, the feed reads
 * what is missing from the database.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes } from '../../contract/codes.ts';
import { limits } from '../../contract/limits.ts';
import type { Delta } from '../../contract/objects.ts';
import type { Metrics } from '../metrics.ts';
import { type Change, type ChangeRange, deltaOf, deltasOf, joined, partOf } from '../store/changes.ts';
import { CatchUp } from './catch-up.ts';
import { changeFrame, isCrowded, RoomTail } from './room-tail.ts';
import type { Session } from './session.ts';
import type { Subscription } from './subscription.ts';
import type { Turn } from './turn.ts';

export const feedLimits = {
  /** How long a feed waits for a change that the database has shown to somebody before it reads it itself. */
  patienceMs: 250,
  /** Reads in a row that may fail before everyone in the feed is asked to reconnect. */
  maxFailedRepairs: 8,
  repairDelayMs: 200,
} as const;

/** What a feed needs of those around it. */
export type FeedSurroundings = {
  turn: Turn;
  metrics: Pick<Metrics, 'deliveries' | 'frames' | 'gaps' | 'gapRepairs'>;
  /** The oldest changes above a version. */
  readAbove(room: string, after: number): Promise<ChangeRange & { more: boolean }>;
  /** The newest changes, as many as one catches up by. */
  readNewest(room: string): Promise<ChangeRange>;
  /** Takes in a Delta that the feed has read. */
  deliver(delta: Delta): void;
  /** A repair failed. */
  onFailure(error: unknown, room: string): void;
};

export class RoomFeed {
  readonly room: string;
  readonly #around: FeedSurroundings;
  /** The last change told. Unknown until there is one, or until a reader of the database says so. */
  #version: number | undefined;
  /** Comings and goings in a crowded room, taken in above `#version`: the next message tells of them, or the timer. */
  #untold: Delta | undefined;
  #coverLater: NodeJS.Timeout | undefined;
  /** The version the room is known to have reached. */
  #reached = 0;
  readonly #tail = new RoomTail();
  readonly #catchUp: CatchUp;
  /** Held or waiting. */
  readonly #arriving = new Map<Session, Subscription>();
  readonly #live = new Set<Session>();
  /** Of this turn, not yet handed to the live sessions. */
  #frames: Buffer[] = [];
  #repairing = false;
  #impatient: NodeJS.Timeout | undefined;

  constructor(room: string, around: FeedSurroundings) {
    this.room = room;
    this.#around = around;
    this.#catchUp = new CatchUp(this.#tail, () => around.readNewest(room));
  }

  get isEmpty(): boolean {
    return this.#live.size === 0 && this.#arriving.size === 0;
  }

  /**
   * Takes in a change and passes it on; unless it is `known`, or after a `gap`, which the feed then reads.
   */
  accept(delta: Delta): 'taken' | 'known' | 'gap' {
    this.#version ??= delta.from - 1;
    const known = this.#known ?? 0;
    if (delta.version <= known) return 'known';
    if (delta.from > known + 1) {
      this.reach(delta.version);
      return 'gap';
    }
    const news = partOf(delta, known + 1, delta.version);
    const untold = this.#untold === undefined ? news : joined(this.#untold, news);
    const canWait = isCrowded(untold) && untold.messages === undefined && untold.info === undefined;
    if (canWait) this.#tellLater(untold);
    else this.#tell(untold);
    return 'taken';
  }

  /** The last change taken in. */
  get #known(): number | undefined {
    return this.#untold?.version ?? this.#version;
  }

  #tell(delta: Delta): void {
    this.#forgetUntold();
    this.#version = delta.version;
    const frame = this.#tail.push(delta, this.#arriving.size > 0);
    if (this.#live.size > 0) {
      if (this.#frames.length === 0) this.#around.turn.endWithFeed(this);
      this.#frames.push(frame);
    }
    this.#wakeWaiting(delta.version);
  }

  #tellLater(delta: Delta): void {
    this.#untold = delta;
    this.#coverLater ??= setTimeout(() => {
      if (this.#untold !== undefined) this.#tell(this.#untold);
    }, limits.coverWithinMs);
    this.#coverLater.unref();
  }

  #forgetUntold(): void {
    this.#untold = undefined;
    clearTimeout(this.#coverLater);
    this.#coverLater = undefined;
  }

  /** The room is at this version or beyond: reads what the feed hasn't been given. */
  reach(version: number): void {
    this.#reached = Math.max(this.#reached, version);
    if (this.#isBehind && !this.#repairing) void this.#repair();
  }

  get #isBehind(): boolean {
    return this.#known !== undefined && this.#known < this.#reached;
  }

  /** Opens a place for a session, held. Whoever opens it reads the room after that, then releases it. */
  enter(session: Session): Subscription {
    const subscription: Subscription = {
      room: this.room,
      state: 'held',
      after: 0,
      leftAt: undefined,
      cameAgain: false,
    };
    session.subscriptions.set(this.room, subscription);
    this.#arriving.set(session, subscription);
    return subscription;
  }

  /**
   * The session has the room as of `version`, read after it had entered: every change above it follows, and none below.
   */
  release(session: Session, version: number): void {
    const subscription = this.#arriving.get(session);
    if (subscription?.state !== 'held') return;
    this.#version ??= version;
    subscription.after = version;
    // Out and in again before the room was read.
    if (subscription.leftAt !== undefined && subscription.leftAt <= version) subscription.leftAt = undefined;
    if (version <= this.#version) this.#goLive(session, subscription, this.#version);
    else this.#wait(subscription);
    this.reach(this.#reached);
  }

  /**
   * The user left with this version; the change that says so has been taken in. Old news to a session that was given a
   * later version: there the user is in again.
   */
  leave(session: Session, version: number): void {
    const subscription = session.subscriptions.get(this.room);
    if (subscription === undefined || version <= subscription.after) return;
    if (subscription.state === 'held') {
      subscription.leftAt = version;
      return;
    }
    const told = Math.max(subscription.after, this.#version ?? 0);
    this.flush();
    if (this.#untold !== undefined && told < version) {
      this.#catchUpWith(session, [changeFrame(partOf(this.#untold, told + 1, version))]);
    }
    this.#sayLeft(session);
  }

  /** The user is in; if out meanwhile, then in again. */
  came(session: Session): void {
    const subscription = session.subscriptions.get(this.room);
    if (subscription === undefined) return;
    subscription.leftAt = undefined;
    subscription.cameAgain = true;
  }

  /** Takes a session out, without a word to it. */
  end(session: Session): void {
    const subscription = session.subscriptions.get(this.room);
    if (subscription !== undefined) subscription.state = 'ended';
    session.subscriptions.delete(this.room);
    this.#arriving.delete(session);
    this.#live.delete(session);
  }

  /** Hands this turn's frames to the live sessions, joined. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const [only] = this.#frames;
    const changes = this.#frames.length;
    const bytes = only !== undefined && changes === 1 ? only : Buffer.concat(this.#frames);
    this.#frames = [];
    let reached = 0;
    for (const session of this.#live) {
      if (session.push(bytes)) reached += 1;
    }
    this.#count('live', changes * reached);
  }

  /** The rows of the room changed above a version, up to one that was seen in the database; see {@link CatchUp}. */
  changesBetween(after: number, upTo: number): Promise<Change[] | undefined> {
    return this.#catchUp.changesBetween(after, upTo);
  }

  #wakeWaiting(version: number): void {
    for (const [session, subscription] of this.#arriving) {
      const isDue = subscription.state === 'waiting' && subscription.after <= version;
      if (isDue) this.#goLive(session, subscription, version);
    }
  }

  #wait(subscription: Subscription): void {
    subscription.state = 'waiting';
    this.#impatient ??= setTimeout(() => this.#losePatience(), feedLimits.patienceMs);
  }

  /** From `subscription.after` to `version`, where the feed is, and on from there. */
  #goLive(session: Session, subscription: Subscription, version: number): void {
    const { after, leftAt } = subscription;
    const upTo = leftAt ?? version;
    if (after < upTo && !this.#tail.remembers(after, upTo)) {
      void this.#readMissed(session, subscription, upTo);
      return;
    }
    // This turn's frames are for those who were live before; the one who comes gets them from the tail.
    this.flush();
    this.#catchUpWith(session, this.#tail.frames(after, upTo));
    this.#arriving.delete(session);
    subscription.state = 'live';
    this.#live.add(session);
    if (leftAt !== undefined) this.#sayLeft(session);
  }

  /**
   * What the tail no longer has, for one session. Nothing above `upTo`, where the feed was: of what came later it isn't
   * known yet whether the user was still in.
   */
  async #readMissed(session: Session, subscription: Subscription, upTo: number): Promise<void> {
    subscription.state = 'held';
    try {
      const { head, changes, memberCount } = await this.#around.readAbove(this.room, subscription.after);
      if (subscription.state !== 'held') return;
      const version = Math.min(head, upTo);
      const missed = changes.filter(change => change.version <= version);
      const delta = deltaOf(this.room, subscription.after + 1, version, missed, memberCount);
      this.#catchUpWith(session, [changeFrame(delta)]);
      subscription.after = version;
      this.#goLive(session, subscription, this.#version ?? version);
    } catch (error) {
      this.#around.onFailure(error, this.room);
      session.close(closeCodes.outOfStep, 'changes could not be read: reconnect');
    }
  }

  #catchUpWith(session: Session, frames: readonly Buffer[]): void {
    this.#count('catch-up', frames.filter(frame => session.push(frame)).length);
  }

  #count(path: 'live' | 'catch-up', changes: number): void {
    if (changes === 0) return;
    const { deliveries, frames } = this.#around.metrics;
    deliveries.add(path, changes);
    frames.out.add('change', changes);
  }

  #sayLeft(session: Session): void {
    this.flush();
    this.end(session);
    session.say({ event: 'left', room: this.room });
  }

  #losePatience(): void {
    this.#impatient = undefined;
    for (const { state, after } of this.#arriving.values()) {
      if (state === 'waiting') this.reach(after);
    }
  }

  async #repair(): Promise<void> {
    const { gaps, gapRepairs } = this.#around.metrics;
    gaps.inc();
    this.#repairing = true;
    for (let failed = 0; this.#isBehind; ) {
      const before = this.#known ?? 0;
      try {
        const range = await this.#around.readAbove(this.room, before);
        for (const delta of deltasOf(this.room, range)) this.#around.deliver(delta);
      } catch (error) {
        this.#around.onFailure(error, this.room);
      }
      if ((this.#known ?? 0) > before) {
        failed = 0;
        continue;
      }
      failed += 1;
      if (failed === feedLimits.maxFailedRepairs) {
        this.#repairing = false;
        this.#giveUp();
        return;
      }
      await delay(feedLimits.repairDelayMs);
    }
    this.#repairing = false;
    gapRepairs.inc();
  }

  /** Never silence: who can't be given every change is asked to come again. */
  #giveUp(): void {
    for (const session of [...this.#live, ...this.#arriving.keys()]) {
      session.close(closeCodes.outOfStep, 'changes could not be read: reconnect');
    }
    this.#version = undefined;
    this.#forgetUntold();
    this.#reached = 0;
    this.#tail.clear();
    this.#catchUp.clear();
  }
}
