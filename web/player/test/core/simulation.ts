import { ClockEstimate, SteadyClock } from "../../../sdk/src/clock.js";
import { Order } from "../../../sdk/src/order.js";
import type { Frame } from "../../../sdk/src/group.js";
import { Aiming } from "../../src/core/aiming.js";
import { DelayControl, type DelayMode } from "../../src/core/delay-control.js";
import { OutputClock } from "../../src/core/output-clock.js";
import { Renderer } from "../../src/core/renderer.js";
import { Reservoir } from "../../src/core/reservoir.js";
import type { Block, Report } from "../../src/core/types.js";
import { frameOf } from "./frames.js";
import type { Random } from "./random.js";
import { Schedule } from "./schedule.js";
import { blockOf, ORIGIN, type Cut, type Sound } from "./signals.js";

/** Context frames that are rendered at a time. */
const QUANTUM = 64;
/** The rate of everything where only times matter: they cost little to compute. */
const PLAIN_RATE = 8_000;
/** Local clocks begin elsewhere than the relay's. */
const LOCAL_ORIGIN = 1.7e15;
/** Frames reach back so many bytes, as those of a constant bit rate do. */
const REACH = 250;
const FRAME_BYTES = 417;
/** Frames that the relay sends at a join. */
const BURST = 38;

/** How packets fare on their way: µs of delay for one that leaves at `now`, or "lost". */
export type Network = (random: Random, now: number) => number | "lost";

/** 5 ms, and up to `jitter` µs more. */
export function jittery(jitter: number): Network {
  return (random) => 5_000 + random.between(0, jitter);
}

/** As above, with some packets that have to be sent twice: after `again` µs. */
export function retransmitting(jitter: number, share: number, again: number): Network {
  return (random) =>
    5_000 + random.between(0, jitter) + (random.next() < share ? again : 0);
}

export function losing(jitter: number, share: number): Network {
  return (random) => (random.next() < share ? "lost" : 5_000 + random.between(0, jitter));
}

/** How the browser tells `getOutputTimestamp()`: µs by which its context time is off. */
export type OutputNoise = (random: Random, contextMicros: number) => number;

/** Small, and now and then not. */
export const chromiumOutput: OutputNoise = (random) =>
  random.normal(300) + (random.next() < 0.01 ? random.between(-15_000, 15_000) : 0);

/** Steps of 10 ms, around the truth. */
export const firefoxOutput: OutputNoise = (random, contextMicros) =>
  Math.floor(contextMicros / 10_000) * 10_000 + 5_000 - contextMicros + random.normal(300);

export interface Conditions {
  readonly mode?: DelayMode;
  readonly delivery?: "stream" | "datagram";
  /** Of the local clock and the context's, against true time. */
  readonly localPpm?: number;
  readonly contextPpm?: number;
  readonly audio?: Network;
  /** Of the pings, each way. */
  readonly pings?: Network;
  readonly output?: OutputNoise;
  readonly contextRate?: number;
  /** From the renderer to the ear, µs. */
  readonly outputLatency?: number;
  /** True time, µs, at which it joins. */
  readonly joinAt?: number;
  /** Keeps what it renders. */
  readonly records?: boolean;
}

/** What is heard at a moment. */
export interface Heard {
  /** True time, µs. */
  readonly at: number;
  /** How long before it the relay's clock showed the time of the frame heard, µs. */
  readonly lag: number;
  readonly delayMs: number;
}

/** A station whose relay's clock is true, and which everybody hears the same. */
export class Station {
  readonly schedule = new Schedule();
  #blocks = new Map<number, Block>();

  constructor(
    private readonly sound: Sound = () => 0,
    private readonly cut: Cut = { sampleRate: PLAIN_RATE, samples: 209 },
  ) {}

  /** µs of a frame. */
  get span(): number {
    return ((this.cut.samples ?? 1_152) * 1e6) / (this.cut.sampleRate ?? 44_100);
  }

  block(index: number): Block {
    let block = this.#blocks.get(index);
    if (!block) {
      block = blockOf(this.sound, index, this.cut);
      this.#blocks.set(index, block);
      this.#blocks.delete(index - 2_000);
    }
    return block;
  }

  run(seconds: number): void {
    this.schedule.runTo(this.schedule.now + seconds * 1e6);
  }
}

/** A listener: its clocks, its network, its browser, and the real player's core in it. */
export class Listener {
  readonly heard: Heard[] = [];
  readonly recording: number[] = [];
  readonly delay: DelayControl;
  audio: Network;
  readonly #estimate = new ClockEstimate();
  readonly #clock = new SteadyClock();
  readonly #output: OutputClock;
  readonly #aiming: Aiming;
  readonly #renderer: Renderer;
  readonly #reservoir = new Reservoir();
  readonly #mix: Float32Array[] = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)];
  readonly #rate: number;
  readonly #joinAt: number;
  readonly #latency: number;
  #order: Order | undefined;
  #rendered = 0;
  #lastArrival = 0;
  #decodedAt = 0;
  #liveFrom = 0;

  constructor(
    private readonly station: Station,
    private readonly random: Random,
    private readonly conditions: Conditions,
  ) {
    this.#rate = conditions.contextRate ?? PLAIN_RATE;
    this.#joinAt = conditions.joinAt ?? 2e6;
    this.#latency = conditions.outputLatency ?? 25_000;
    this.audio = conditions.audio ?? jittery(2_000);
    this.delay = new DelayControl(conditions.mode ?? "normal", 200);
    this.#output = new OutputClock(this.#rate);
    this.#aiming = new Aiming(this.#clock, this.#output);
    this.#renderer = new Renderer(this.#rate);
    station.schedule.at(this.#joinAt, () => {
      this.#begin();
    });
  }

  get report(): Report {
    return this.#renderer.report(this.#rendered);
  }

  get #schedule(): Schedule {
    return this.station.schedule;
  }

  #begin(): void {
    for (let n = 0; n < 8; n++) this.#schedule.after(n * 30_000, this.#ping);
    this.#schedule.after(500_000, this.#pingAgain);
    this.#join();
    this.#render();
    this.#schedule.after(50_000, this.#read);
  }

  #join(): void {
    const newest = Math.floor(this.#schedule.now / this.station.span);
    const first = newest - BURST;
    this.#order = new Order(1_000 + first, false, this.delay.patienceMs);
    this.#liveFrom = newest;
    const opened = this.#schedule.now + 30_000;
    this.#schedule.at(opened, () => {
      for (let index = first; index < newest; index++) this.#arrive(index);
    });
    this.#lastArrival = opened;
    this.#sendGroup(newest);
  }

  /** The relay sends frames in groups that fit the latency asked for, once the last has come. */
  #sendGroup(first: number): void {
    const { span } = this.station;
    const frames = 1 + Math.floor((this.delay.latencyMs * 1_000) / span);
    this.#schedule.at((first + frames - 1) * span, () => {
      for (let index = first; index < first + frames; index++) this.#send(index);
      this.#sendGroup(first + frames);
    });
  }

  #send(index: number): void {
    const { now } = this.#schedule;
    const fate = this.audio(this.random, now);
    if (fate === "lost") return;
    let arrival = now + fate;
    if (this.conditions.delivery !== "datagram") {
      arrival = Math.max(arrival, this.#lastArrival);
      this.#lastArrival = arrival;
    }
    this.#schedule.at(arrival, () => {
      this.#arrive(index);
    });
  }

  #arrive(index: number): void {
    const { seq, time } = this.station.block(index);
    const data = frameOf(REACH, FRAME_BYTES);
    this.#order?.push({ seq, time, discontinuity: false, data });
    this.#deliver();
  }

  readonly #deliver = (): void => {
    const order = this.#order;
    if (!order) return;
    order.patienceMs = this.delay.patienceMs;
    const local = this.#local(this.#schedule.now);
    for (let frame = order.pop(local); frame; frame = order.pop(local)) this.#decode(frame);
    const { deadline } = order;
    if (deadline !== undefined) this.#schedule.after(deadline - local + 1_000, this.#deliver);
  };

  #decode(frame: Frame): void {
    const index = frame.seq - 1_000;
    const audible = this.#reservoir.push(frame.data, frame.discontinuity);
    // One after the other, as decoders do.
    const ready = Math.max(this.#schedule.now, this.#decodedAt) + this.random.between(300, 1_500);
    this.#decodedAt = ready;
    this.#schedule.at(ready, () => {
      this.#observe(frame.time, audible && index >= this.#liveFrom);
    });
    this.#schedule.at(ready + this.random.between(200, 2_000), () => {
      this.#renderer.push({ ...this.station.block(index), audible });
    });
  }

  #observe(time: number, counts: boolean): void {
    const local = this.#local(this.#schedule.now);
    const outputMs = this.#latency / 1_000;
    const margin = this.#aiming.marginMs(time, local, this.delay.delayMs, outputMs);
    if (counts && margin !== undefined) this.delay.observe(margin, local);
  }

  readonly #render = (): void => {
    this.#renderer.render(this.#mix, this.#rendered);
    const [left] = this.#mix;
    if (this.conditions.records && left) for (const value of left) this.recording.push(value);
    this.#rendered += QUANTUM;
    this.#schedule.at(this.#leavesAt(this.#rendered) - this.#latency, this.#render);
  };

  readonly #read = (): void => {
    const { now } = this.#schedule;
    const local = this.#local(now);
    const context = (now - this.#joinAt - this.#latency) * this.#pace(this.conditions.contextPpm);
    const noise = (this.conditions.output ?? chromiumOutput)(this.random, context);
    this.#output.add((context + noise) / 1e6, local);
    const aim = this.#aiming.aim(local, this.delay.delayMs);
    if (aim) {
      this.#schedule.after(this.random.between(500, 5_000), () => {
        this.#renderer.aim(aim);
      });
    }
    const { frame, time } = this.report;
    const at = this.#leavesAt(frame);
    if (time !== undefined) {
      this.heard.push({ at, lag: ORIGIN + at - time, delayMs: this.delay.delayMs });
    }
    this.#schedule.after(100_000 + this.random.between(0, 10_000), this.#read);
  };

  readonly #pingAgain = (): void => {
    this.#ping();
    this.#schedule.after(500_000, this.#pingAgain);
  };

  readonly #ping = (): void => {
    const ways = this.conditions.pings ?? jittery(2_000);
    const clientTime = this.#local(this.#schedule.now);
    const there = ways(this.random, this.#schedule.now);
    const back = ways(this.random, this.#schedule.now);
    if (there === "lost" || back === "lost") return;
    const received = Math.round(ORIGIN + this.#schedule.now + there);
    this.#schedule.after(there + back, () => {
      const now = this.#local(this.#schedule.now);
      this.#estimate.add({ kind: "pong", id: 0, clientTime, received, sent: received }, now);
      this.#clock.follow(this.#estimate, now);
    });
  };

  /** True time at which a context frame leaves the device. */
  #leavesAt(frame: number): number {
    const micros = (frame * 1e6) / (this.#rate * this.#pace(this.conditions.contextPpm));
    return this.#joinAt + this.#latency + micros;
  }

  #local(time: number): number {
    return Math.round(LOCAL_ORIGIN + time * this.#pace(this.conditions.localPpm));
  }

  #pace(ppm = 0): number {
    return 1 + ppm / 1e6;
  }
}
