import {
  differences,
  during,
  meeting,
  quantile,
  track,
  type Point,
  type Stretch,
} from "../src/analysis.js";
import type { BrowserName } from "../src/browsers.js";
import { disturbed } from "../src/calm.js";
import { figure, isLong, span, spread } from "../src/figures.js";
import { Front } from "../src/front.js";
import type { Listener } from "../src/listener.js";
import { Network } from "../src/network.js";
import type { Recording } from "../src/recording.js";
import { expect, test } from "../src/stage.js";

const BROWSERS: readonly BrowserName[] = ["chromium", "chromium", "firefox"];
/** s between one page's sound and the next page's coming. */
const APART = span(2, 20);
/** s after the last one's first sound. */
const SETTLING = span(6, 15);

const CASES = [
  { name: "on a clear network", front: false, aim: 10, allowed: 40 },
  { name: "one with 100 ppm of drift and 30 ms of jitter", front: true, aim: 30, allowed: 60 },
];

for (const { name, front, aim, allowed } of isLong ? CASES : CASES.slice(1)) {
  test(`three pages play the same moment, ${name}`, async ({
    relay,
    card,
    station,
    source,
    arrive,
  }) => {
    const seconds = span(8, 300);
    const network = await Network.open(
      { loss: 0, delayMs: 0, jitterMs: 30, ordered: true },
      2,
    );
    network.leadTo(Number(new URL(relay.url).port));
    const odd = await Front.open(relay.pages, { network, driftPpm: 100 });
    const recording = await card.record(3 * seconds + 3 * APART + 120);
    const listeners: Listener[] = [];
    for (const [ear, browser] of BROWSERS.entries()) {
      const listener = await arrive(browser, ear);
      const pages = front && ear === 0 ? odd.pages : relay.pages;
      await listener.open(pages, { channel: station });
      await listener.play(recording);
      listeners.push(listener);
      await recording.further(APART);
    }
    await recording.further(SETTLING);
    const within = await agreed(recording, listeners, seconds);
    const pages = await Promise.all(listeners.map((listener) => listener.telemetry()));
    await recording.stop();
    odd.close();
    network.close();

    const tracks = BROWSERS.map((_, ear) =>
      during(track(recording.ear(ear), source.samples, 0.1), within),
    );
    const disturbances = BROWSERS.map((_, ear) => disturbed(recording, ear, within));
    const worst: number[] = [];
    for (const [one, other] of [[0, 1], [0, 2], [1, 2]] as const) {
      const either = [...(disturbances[one] ?? []), ...(disturbances[other] ?? [])];
      const calm = (points: readonly Point[] = []): Point[] =>
        points.filter(({ at }) => meeting(either, { from: at, to: at }).length === 0);
      const all = differences(tracks[one] ?? [], tracks[other] ?? []);
      const found = differences(calm(tracks[one]), calm(tracks[other]));
      expect(found.length).toBeGreaterThan(seconds * 5);
      const sizes = found.map((difference) => Math.abs(difference));
      worst.push(quantile(sizes, 0.99));
      await figure("together", {
        case: name,
        pair: `${BROWSERS[one] ?? ""} ${one}, ${BROWSERS[other] ?? ""} ${other}`,
        seconds,
        differenceMs: spread(found),
        sizeMs: spread(sizes),
        sizeDisturbedMomentsIncludedMs: spread(all.map((difference) => Math.abs(difference))),
        disturbances: either.length,
        stills: meeting(recording.stills, within).length,
        pages: [one, other].map((page) => pages[page]),
      });
    }
    expect(Math.max(...worst)).toBeLessThan(span(allowed, aim));
  });
}

/**
 * Waits for `seconds` at whose both ends all pages want the same delay: one whose network, or
 * processor, is worse goes further behind live on purpose. The last attempt counts as it is.
 */
async function agreed(
  recording: Recording,
  listeners: readonly Listener[],
  seconds: number,
): Promise<Stretch> {
  const wanted = async (): Promise<string> => {
    const all = await Promise.all(listeners.map((listener) => listener.telemetry()));
    return JSON.stringify(all.map(({ delayMs }) => delayMs));
  };
  for (let left = 2; ; left--) {
    const [from, before] = [recording.seconds, await wanted()];
    await recording.until(from + seconds);
    const agree = new Set(JSON.parse(before) as number[]).size === 1;
    if ((agree && before === (await wanted())) || left === 0) return { from, to: from + seconds };
  }
}
