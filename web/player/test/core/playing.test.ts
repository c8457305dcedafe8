import { describe, expect, it } from "vitest";
import { Random } from "./random.js";
import { chord, sharpestBend } from "./signals.js";
import {
  chromiumOutput,
  firefoxOutput,
  jittery,
  Listener,
  losing,
  retransmitting,
  Station,
  type Conditions,
  type Heard,
} from "./simulation.js";

const SEED = 20_261_122;

describe("listeners together", { timeout: 60_000 }, () => {
  it("stay within 5 ms of each other through drift and jitter, in either browser", () => {
    const station = new Station();
    const rough = jittery(30_000);
    const one = listener(station, 1, {
      localPpm: 100,
      contextPpm: 60,
      audio: rough,
      pings: rough,
      output: chromiumOutput,
    });
    const other = listener(station, 2, {
      localPpm: -100,
      contextPpm: -150,
      audio: rough,
      pings: rough,
      output: firefoxOutput,
      joinAt: 5.3e6,
      outputLatency: 60_000,
    });
    station.run(320);
    const apart = distances(one.heard, other.heard, 15.3e6);
    print("together", { apart: spread(apart), one: lags(one, 13e6), other: lags(other, 16e6) });
    expect(apart.length).toBeGreaterThan(2_800);
    expect(Math.max(...apart)).toBeLessThan(5_000);
    for (const { report } of [one, other]) {
      expect(report).toMatchObject({ gaps: 0, late: 0 });
      expect(report.resyncs).toBeLessThanOrEqual(2);
    }
  });
});

describe("a listener", { timeout: 60_000 }, () => {
  it("has no gap in normal with 20 ms of jitter and 2% of packets sent again", () => {
    const station = new Station();
    const audio = retransmitting(20_000, 0.02, 70_000);
    const tuned = listener(station, 3, { audio, pings: jittery(20_000) });
    station.run(180);
    const { report, delay, heard } = tuned;
    print("sent again", { delay: delay.delayMs, late: report.late, heard: heard.length });
    expect(heard.length).toBeGreaterThan(1_600);
    expect(delay.delayMs).toBe(200);
    expect(report).toMatchObject({ gaps: 0, late: 0, resyncs: 0 });
  });

  it("hears low within 100 ms without a gap on a good network", () => {
    const station = new Station();
    const tuned = listener(station, 4, { mode: "low", audio: jittery(5_000) });
    station.run(120);
    print("low", { lag: lags(tuned, 12e6), buffered: tuned.report.buffered });
    expect(tuned.delay.delayMs).toBe(100);
    expect(tuned.report).toMatchObject({ gaps: 0, late: 0, resyncs: 0 });
    expect(tuned.heard.length).toBeGreaterThan(1_000);
  });

  it("conceals lost datagrams without a click", () => {
    const station = musical();
    const tuned = listener(station, 5, {
      audio: losing(10_000, 0.02),
      delivery: "datagram",
      contextRate: 48_000,
      records: true,
    });
    station.run(32);
    const calm = musical();
    const whole = listener(calm, 5, { contextRate: 48_000, records: true });
    calm.run(8);
    const bends = [sharpestBend(tuned.recording), sharpestBend(whole.recording)];
    const { gaps, concealed, resyncs } = tuned.report;
    print("lost", { gaps, concealedMs: concealed / 48, bends });
    expect(gaps).toBeGreaterThan(10);
    expect(resyncs).toBe(0);
    expect(bends[0]).toBeLessThan(1.3 * (bends[1] ?? 0));
    expect(whole.report.gaps).toBe(0);
  });

  it("follows an output whose clock is 2,660 ppm off by clean jumps", () => {
    const station = musical();
    const tuned = listener(station, 6, { contextPpm: 2_660, contextRate: 48_000, records: true });
    station.run(62);
    const { resyncs, gaps } = tuned.report;
    const off = errors(tuned, 7e6).map(Math.abs);
    print("2,660 ppm", { resyncs, off: spread(off), bend: sharpestBend(tuned.recording) });
    expect(off.length).toBeGreaterThan(500);
    expect(Math.max(...off)).toBeLessThan(15_000);
    expect(gaps).toBe(0);
    expect(resyncs).toBeGreaterThan(3);
    expect(resyncs).toBeLessThan(18);
    expect(sharpestBend(tuned.recording)).toBeLessThan(0.03);
  });

  it("goes back in delay through 300 ms of jitter, and returns when it is over", () => {
    const station = new Station();
    const tuned = listener(station, 7, {});
    station.run(30);
    expect(tuned.delay.delayMs).toBe(200);
    tuned.audio = jittery(300_000);
    station.run(60);
    const risen = tuned.delay.delayMs;
    const { gaps } = tuned.report;
    station.run(60);
    const settledGaps = tuned.report.gaps - gaps;
    tuned.audio = jittery(2_000);
    station.run(300);
    print("300 ms", { risen, gaps, settledGaps, back: tuned.delay.delayMs });
    expect(risen).toBeGreaterThanOrEqual(300);
    expect(risen).toBeLessThanOrEqual(750);
    expect(settledGaps).toBeLessThanOrEqual(1);
    expect(tuned.delay.delayMs).toBe(200);
    expect(Math.abs(errors(tuned, 0).at(-1) ?? Infinity)).toBeLessThan(2_000);
  });

  it("is back in step after the network was cut for 5 s", () => {
    const station = new Station();
    const tuned = listener(station, 8, {});
    station.run(20);
    const before = tuned.heard.length;
    tuned.audio = (_, now) => Math.max(0, 25e6 - now) + 5_000;
    station.run(10);
    const back = tuned.heard[before + 2]?.at ?? Infinity;
    tuned.audio = jittery(2_000);
    station.run(20);
    const { late, gaps } = tuned.report;
    print("cut", { back: back / 1e6, late, gaps, delay: tuned.delay.delayMs });
    expect(back).toBeGreaterThan(25e6);
    expect(back).toBeLessThan(25.6e6);
    expect(gaps).toBe(1);
    expect(Math.abs(errors(tuned, 35e6).at(-1) ?? Infinity)).toBeLessThan(2_000);
  });
});

function musical(): Station {
  return new Station(chord, { sampleRate: 44_100, samples: 1_152 });
}

function listener(
  station: Station,
  seed: number,
  conditions: Conditions,
): Listener {
  return new Listener(station, new Random(SEED + seed), conditions);
}

/** How far from its target delay it was heard, µs, after `from` µs. */
function errors(tuned: Listener, from: number): number[] {
  return tuned.heard
    .filter(({ at }) => at > from)
    .map(({ lag, delayMs }) => lag - delayMs * 1_000);
}

function lags(tuned: Listener, from: number): string {
  return spread(errors(tuned, from));
}

/** How far apart two hear the same, µs, after `from` µs. */
function distances(one: readonly Heard[], other: readonly Heard[], from: number): number[] {
  const apart: number[] = [];
  let next = 0;
  for (const { at, lag } of one) {
    if (at < from) continue;
    while ((other[next]?.at ?? Infinity) < at) next += 1;
    const near = other[next];
    if (near) apart.push(Math.abs(near.lag - lag));
  }
  return apart;
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN) / 1_000;
  const [least, middle, high, most] = [0, 0.5, 0.99, 1].map((share) => at(share).toFixed(2));
  return `min ${least ?? ""} p50 ${middle ?? ""} p99 ${high ?? ""} max ${most ?? ""} ms`;
}

function print(name: string, figures: object): void {
  console.log(`seed ${SEED}, ${name}: ${JSON.stringify(figures)}`);
}
