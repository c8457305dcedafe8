import type { Joined, Metadata } from "./control.js";
import type { Fragment } from "./datagram.js";
import { call } from "./emitter.js";
import type { SkywaveError } from "./errors.js";
import type { Frame } from "./group.js";
import { Order } from "./order.js";
import type { Sink } from "./session.js";
import type { Time } from "./time.js";
import { Titles } from "./titles.js";

/** Frames that wait for a reader; past it the oldest are dropped and counted. */
const MAX_QUEUED = 512;
/** A channel that goes on from further back than so many frames is another one. */
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
  /** The title that holds for this frame. */
  titleAt(seq: number): Metadata | undefined;
}

/** What a subscription tells its client. */
export interface SubscriptionHooks {
  onTitle(title: Metadata): void;
  onListeners(count: number): void;
  onFrame: ((frame: Frame) => void) | undefined;
}

export class Subscription implements Channel, Sink {
  joined: Joined;
  #order: Order;
  #titles = new Titles();
  #listenersRevision = -1;
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
  ) {
    this.joined = joined;
    this.#order = new Order(joined.nextSeq);
    this.#begin(joined);
  }

  get stats(): ChannelStats {
    return { ...this.#count, missing: this.#count.missing + this.#order.missing };
  }

  titleAt(seq: number): Metadata | undefined {
    return this.#titles.at(seq);
  }

  /** A fresh session joined the channel again. Frames that were delivered before are left out. */
  rejoin(joined: Joined): void {
    const isSame =
      joined.streamId === this.joined.streamId && this.#order.next - joined.nextSeq <= MAX_REPEATED;
    const next = isSame ? Math.max(joined.nextSeq, this.#order.next) : joined.nextSeq;
    const lost = isSame ? this.#order.skipTo(next) : 0;
    this.#count.missing += this.#order.missing;
    this.#order = new Order(next, !isSame || lost > 0);
    this.#titles = new Titles();
    this.joined = joined;
    this.#begin(joined);
  }

  end(why: SkywaveError | undefined): void {
    this.#ended ??= { why };
    this.#stopTimer?.();
    this.#wake();
  }

  frames(frames: readonly Frame[], streamBegins: boolean): void {
    const first = frames[0];
    if (first && streamBegins) this.#order.skipTo(first.seq);
    for (const frame of frames) this.#order.push(frame);
    this.#deliver();
  }

  fragment(fragment: Fragment): void {
    this.#order.pushFragment(fragment);
    this.#deliver();
  }

  title(title: Metadata): void {
    if (this.#titles.add(title)) this.hooks.onTitle(title);
  }

  listeners(revision: number | undefined, count: number): void {
    if (revision !== undefined) {
      if (revision <= this.#listenersRevision) return;
      this.#listenersRevision = revision;
    }
    this.hooks.onListeners(count);
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

  #begin(joined: Joined): void {
    this.#listenersRevision = -1;
    for (const title of joined.metadata) this.title(title);
    this.hooks.onListeners(joined.listeners);
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
