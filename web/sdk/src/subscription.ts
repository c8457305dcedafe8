import type { Joined, Metadata } from "./control.js";
import type { Fragment } from "./datagram.js";
import { call } from "./emitter.js";
import { SkywaveError } from "./errors.js";
import type { Frame } from "./group.js";
import { Order } from "./order.js";
import type { Sink } from "./session.js";
import type { Time } from "./time.js";
import { Titles } from "./titles.js";

/** Frames that wait for a reader; past it the oldest are dropped and counted. */
const MAX_QUEUED = 512;
/** A channel that goes on from further away than so many frames is another one. */
const MAX_REPEATED = 4_096;

/** What a channel came to so far, over all sessions. */
export interface ChannelStats {
  /** Frames delivered. */
  readonly frames: number;
  /** Bytes of those frames. */
  readonly bytes: number;
  /** Frames that never came, those that the relay skipped included. */
  readonly missing: number;
  /** Frames that nobody took in time from the iterator. */
  readonly dropped: number;
}

/**
 * A channel being heard, whatever happens to the sessions under it. Iterate over it for
 * its frames, in order; the iteration ends when the channel is left, and throws where
 * it ended for another reason. With `onFrame` in the options of the join, frames go
 * there and the iteration gives none.
 */
export interface Channel extends AsyncIterable<Frame> {
  readonly channelId: string;
  /** What the relay answered to the newest join. */
  readonly joined: Joined;
  readonly stats: ChannelStats;
  /** How long frames wait for a missing one before them, in ms; may be set at any time. */
  patienceMs: number;
  /** The title that holds for this frame. */
  titleAt(seq: number): Metadata | undefined;
}

/** What a subscription tells its client. */
export interface SubscriptionHooks {
  onTitle(title: Metadata): void;
  onListeners(count: number): void;
  onFrame: ((frame: Frame) => void) | undefined;
}

/** What one join brings, as long as the subscription wants it. */
class Feed implements Sink {
  /** The highest sequence number that has come. */
  newest = -1;
  #listenersRevision = -1;

  constructor(
    readonly joined: Joined,
    private readonly to: Subscription,
  ) {}

  frames(frames: readonly Frame[], streamBegins: boolean): void {
    this.newest = Math.max(this.newest, frames.at(-1)?.seq ?? -1);
    this.to.takeFrames(this, frames, streamBegins);
  }

  fragment(fragment: Fragment): void {
    this.newest = Math.max(this.newest, fragment.seq);
    this.to.takeFragment(this, fragment);
  }

  title(title: Metadata): void {
    this.to.takeTitle(this, title);
  }

  listeners(revision: number | undefined, count: number): void {
    if (revision !== undefined) {
      if (revision <= this.#listenersRevision) return;
      this.#listenersRevision = revision;
    }
    this.to.takeListeners(this, count);
  }
}

export class Subscription implements Channel {
  joined: Joined;
  #feed: Feed;
  /** Of the fresh session, while two overlap. */
  #next: Feed | undefined;
  #onCaughtUp: () => void = () => undefined;
  #order: Order;
  #titles = new Titles();
  #count = { frames: 0, bytes: 0, missing: 0, dropped: 0 };
  #queue: Frame[] = [];
  #readers: (() => void)[] = [];
  #ended: { why: SkywaveError | undefined } | undefined;
  #stopTimer: (() => void) | undefined;

  constructor(
    readonly channelId: string,
    joined: Joined,
    private readonly time: Time,
    private readonly hooks: SubscriptionHooks,
    patienceMs?: number,
  ) {
    this.joined = joined;
    this.#order = new Order(joined.nextSeq, false, patienceMs);
    this.#feed = this.#begin(joined);
  }

  /** Takes what the present join brings. */
  get sink(): Sink {
    return this.#feed;
  }

  get stats(): ChannelStats {
    return { ...this.#count, missing: this.#count.missing + this.#order.missing };
  }

  get patienceMs(): number {
    return this.#order.patienceMs;
  }

  set patienceMs(ms: number) {
    this.#order.patienceMs = ms;
    this.#deliver();
  }

  titleAt(seq: number): Metadata | undefined {
    return this.#titles.at(seq);
  }

  /** A fresh session joined the channel again. Frames that were delivered before are left out. */
  rejoin(joined: Joined): Sink {
    const isSame =
      joined.streamId === this.joined.streamId && this.#order.next - joined.nextSeq <= MAX_REPEATED;
    const next = isSame ? Math.max(joined.nextSeq, this.#order.next) : joined.nextSeq;
    const lost = isSame ? this.#order.skipTo(next) : 0;
    this.#count.missing += this.#order.missing;
    this.#order = new Order(next, !isSame || lost > 0, this.patienceMs);
    this.#titles = new Titles();
    this.joined = joined;
    this.#feed = this.#begin(joined);
    return this.#feed;
  }

  /**
   * A second session joined the channel as well: frames of both are merged until
   * {@link crossOver} or {@link stayHere}.
   *
   * @throws SkywaveError Frames are numbered otherwise there, and cannot be merged.
   */
  bridge(joined: Joined): Sink {
    if (Math.abs(joined.nextSeq - this.#order.next) > MAX_REPEATED) {
      throw new SkywaveError("lost", `${this.channelId} does not go on at the relay that answered`);
    }
    this.#next = new Feed(joined, this);
    for (const title of joined.metadata) this.takeTitle(this.#next, title);
    return this.#next;
  }

  /** Resolves once the second session alone would do. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#onCaughtUp = resolve;
      this.#checkCaughtUp();
    });
  }

  /** The second session is the only one from now on. */
  crossOver(): void {
    if (!this.#next) return;
    this.#feed = this.#next;
    this.#next = undefined;
    this.joined = this.#feed.joined;
  }

  /** The second session is given up. */
  stayHere(): void {
    this.#next = undefined;
  }

  end(why: SkywaveError | undefined): void {
    this.#ended ??= { why };
    this.#stopTimer?.();
    this.#onCaughtUp();
    this.#wake();
  }

  takeFrames(from: Feed, frames: readonly Frame[], streamBegins: boolean): void {
    if (!this.#wants(from)) return;
    const first = frames[0];
    // While two sessions overlap, what one leaves out may still come from the other.
    if (first && streamBegins && !this.#next) this.#order.skipTo(first.seq);
    for (const frame of frames) this.#order.push(frame);
    this.#deliver();
  }

  takeFragment(from: Feed, fragment: Fragment): void {
    if (!this.#wants(from)) return;
    this.#order.pushFragment(fragment);
    this.#deliver();
  }

  takeTitle(from: Feed, title: Metadata): void {
    if (this.#wants(from) && this.#titles.add(title)) this.hooks.onTitle(title);
  }

  takeListeners(from: Feed, count: number): void {
    // Of two sessions only one is told, or the count would seem to waver.
    if (from === this.#feed) this.hooks.onListeners(count);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame) {
        yield frame;
      } else if (this.#ended) {
        if (this.#ended.why) throw this.#ended.why;
        return;
      } else {
        await new Promise<void>((resolve) => this.#readers.push(resolve));
      }
    }
  }

  #begin(joined: Joined): Feed {
    this.#next = undefined;
    for (const title of joined.metadata) {
      if (this.#titles.add(title)) this.hooks.onTitle(title);
    }
    this.hooks.onListeners(joined.listeners);
    return new Feed(joined, this);
  }

  #wants(feed: Feed): boolean {
    return feed === this.#feed || feed === this.#next;
  }

  #checkCaughtUp(): void {
    const { next } = this.#order;
    const feed = this.#next;
    const isIdle = feed?.joined.live === false;
    if (!feed || isIdle || (feed.joined.nextSeq <= next && feed.newest >= next - 1)) {
      this.#onCaughtUp();
    }
  }

  #deliver(): void {
    if (this.#ended) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const now = this.time.now();
    for (let frame = this.#order.pop(now); frame; frame = this.#order.pop(now)) this.#hand(frame);
    const deadline = this.#order.deadline;
    if (deadline !== undefined) {
      this.#stopTimer = this.time.after(Math.ceil((deadline - now) / 1_000), () => {
        this.#deliver();
      });
    }
    this.#checkCaughtUp();
  }

  #hand(frame: Frame): void {
    this.#count.frames += 1;
    this.#count.bytes += frame.data.length;
    if (this.hooks.onFrame) {
      call(this.hooks.onFrame, frame);
      return;
    }
    this.#queue.push(frame);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      this.#count.dropped += 1;
      const next = this.#queue[0];
      if (next) this.#queue[0] = { ...next, discontinuity: true };
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#readers.splice(0)) resolve();
  }
}
