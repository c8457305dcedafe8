import { describe, expect, it } from "vitest";
import { ClockEstimate, SteadyClock } from "../src/clock.js";
import type { Pong } from "../src/datagram.js";
import { pingWait } from "../src/pinging.js";
import { randomFrom } from "./random.js";

/** Today, in µs: differences of such times must not lose precision. */
const TODAY = 1_795_000_000_000_000;
/** The relay's clock is so far ahead of the client's, at first. */
const AHEAD = 777_777;

const pong = (clientTime: number, received: number, sent = received + 20): Pong => ({
  kind: "pong",
  id: 1,
  clientTime,
  received,
  sent,
});

/** How the ways between a client and its relay are. */
interface Path {
  /** One-way delays of a ping and of its pong, µs. */
  readonly delays: (random: () => number) => [number, number];
  /** Share of the pings whose answer is lost. */
  readonly loss: number;
  /** How much faster the client's clock runs than the relay's, ppm. */
  readonly drift: number;
}

/** Five virtual minutes of pings: the clock's error at each tenth of a second, in µs. */
function errorsOf({ delays, loss, drift }: Path, seed: number): number[] {
  const random = randomFrom(seed);
  const local = (at: number) => Math.round(TODAY + at * (1 + drift / 1e6));
  const relay = (at: number) => TODAY + AHEAD + Math.round(at);
  const answers: { sent: number; received: number; arrived: number }[] = [];
  let sent = 0;
  for (let id = 1; sent < 300_000_000; id += 1) {
    const [there, back] = delays(random);
    if (random() >= loss) {
      answers.push({ sent, received: sent + there, arrived: sent + there + 20 + back });
    }
    sent += pingWait(id) * 1_000;
  }
  answers.sort((a, b) => a.arrived - b.arrived);
  const estimate = new ClockEstimate();
  const clock = new SteadyClock();
  const errors: number[] = [];
  let look = 1_000_000;
  for (const answer of answers) {
    for (; look < answer.arrived; look += 100_000) {
      errors.push((clock.relayTime(local(look)) ?? Number.NaN) - relay(look));
    }
    estimate.add(pong(local(answer.sent), relay(answer.received)), local(answer.arrived));
    clock.follow(estimate, local(answer.arrived));
  }
  return errors;
}

const jitter = (random: () => number): [number, number] => [
  1_000 + 30_000 * random(),
  1_000 + 30_000 * random(),
];

// The bounds, in µs, are what the seeds came to at the worst, and a quarter more.
const paths: readonly (Path & {
  readonly name: string;
  /** Bound of the median. */
  readonly middle: number;
  /** Bound of all errors from the first second on. */
  readonly most: number;
  /** Bound of the errors after a minute. */
  readonly mostLater: number;
})[] = [
  {
    name: "loopback, 100 ppm of drift",
    delays: (random) => [200 + 300 * random(), 200 + 300 * random()],
    loss: 0,
    drift: 100,
    middle: 10,
    most: 1_350,
    mostLater: 22,
  },
  {
    name: "jitter of 30 ms each way",
    delays: jitter,
    loss: 0.02,
    drift: 0,
    middle: 670,
    most: 3_360,
    mostLater: 2_050,
  },
  {
    name: "jitter, and 100 ppm of drift",
    delays: jitter,
    loss: 0.02,
    drift: 100,
    middle: 700,
    most: 4_110,
    mostLater: 2_340,
  },
  {
    name: "jitter, and -100 ppm of drift",
    delays: jitter,
    loss: 0.02,
    drift: -100,
    middle: 820,
    most: 3_490,
    mostLater: 1_850,
  },
  {
    name: "spikes of 200 ms, on one way only",
    delays: (random) => [
      5_000 + (random() < 0.3 ? 200_000 : 2_000) * random(),
      5_000 + 2_000 * random(),
    ],
    loss: 0.02,
    drift: 100,
    middle: 135,
    most: 1_710,
    mostLater: 410,
  },
];

describe("the clock over five minutes", () => {
  it.each(paths)("of $name", ({ middle, most, mostLater, ...path }) => {
    const runs = Array.from({ length: 10 }, (_, seed) => errorsOf(path, seed + 1));
    const sorted = runs.map((run) => run.map(Math.abs).sort((a, b) => a - b));
    const middles = sorted.map((run) => run[run.length >> 1] ?? Number.NaN);
    const later = runs.map((run) => Math.max(...run.slice(590).map(Math.abs)));
    const found = {
      middle: Math.max(...middles),
      most: Math.max(...sorted.map((run) => run.at(-1) ?? Number.NaN)),
      mostLater: Math.max(...later),
    };
    expect(found.middle).toBeLessThan(middle);
    expect(found.most).toBeLessThan(most);
    expect(found.mostLater).toBeLessThan(mostLater);
  });

  it("never steps, and never runs faster or slower than a player can follow", () => {
    // A tenth of a second more or less than its own length by at most 2,000 ppm and the drift.
    const errors = errorsOf({ delays: jitter, loss: 0.02, drift: 100 }, 7);
    const steps = errors.map((error, index) => Math.abs(error - (errors[index - 1] ?? error)));
    expect(steps.length).toBeGreaterThan(2_900);
    expect(Math.max(...steps)).toBeLessThan(230);
    expect(Math.max(...steps.slice(200))).toBeLessThan(80);
  });
});

describe("the clock", () => {
  const answer = (estimate: ClockEstimate, at: number, ahead: number, roundTrip = 400) => {
    const received = TODAY + at + roundTrip / 2 + ahead;
    estimate.add(pong(TODAY + at, received, received), TODAY + at + roundTrip);
  };

  it("is not known before the first answer, and goes by that one then", () => {
    const estimate = new ClockEstimate();
    const clock = new SteadyClock();
    clock.follow(estimate, TODAY);
    expect(clock.relayTime(TODAY)).toBeUndefined();
    expect(estimate.roundTrip).toBeUndefined();
    answer(estimate, 0, 5_000);
    clock.follow(estimate, TODAY + 400);
    expect(clock.relayTime(TODAY + 1_000_000)).toBe(TODAY + 1_005_000);
    expect(estimate.roundTrip).toBe(400);
  });

  it("goes on with the old estimate until a fresh session's has its first 16 answers", () => {
    const clock = new SteadyClock();
    const old = new ClockEstimate();
    answer(old, 0, 5_000);
    clock.follow(old, TODAY);
    const fresh = new ClockEstimate();
    for (let n = 1; n <= 16; n++) {
      answer(fresh, 30_000 * n, 7_000);
      clock.follow(fresh, TODAY + 30_000 * n);
      expect(clock.relayTime(TODAY + 30_000 * n)).toBe(TODAY + 30_000 * n + 5_000);
    }
    expect(clock.relayTime(TODAY + 10_000_000)).toBe(TODAY + 10_007_000);
  });

  it("steps where it is off by more than 20 ms", () => {
    const clock = new SteadyClock();
    const [old, fresh] = [new ClockEstimate(), new ClockEstimate()];
    answer(old, 0, 5_000);
    clock.follow(old, TODAY);
    for (let n = 1; n <= 16; n++) answer(fresh, 30_000 * n, 65_000);
    clock.follow(fresh, TODAY + 500_000);
    expect(clock.relayTime(TODAY + 500_000)).toBe(TODAY + 565_000);
  });

  it("begins anew after three answers that contradict it: the machine slept, say", () => {
    const estimate = new ClockEstimate();
    for (let n = 0; n < 64; n++) answer(estimate, 500_000 * n, 5_000);
    answer(estimate, 32_000_000, 9_000_000);
    answer(estimate, 32_500_000, 9_000_000);
    expect(estimate.lineAt(TODAY + 33_000_000)?.offset).toBeCloseTo(5_000, 0);
    answer(estimate, 33_000_000, 9_000_000);
    expect(estimate.lineAt(TODAY + 33_000_000)?.offset).toBeCloseTo(9_000_000, 0);
  });

  it("forgets old answers", () => {
    const estimate = new ClockEstimate();
    answer(estimate, 0, 0, 200);
    for (let n = 1; n <= 64; n++) answer(estimate, n * 500_000, 0, 20_000);
    expect(estimate.roundTrip).toBe(20_000);
  });
});
