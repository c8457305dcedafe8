import { quantile, undisturbed } from "../src/analysis.js";
import type { BrowserName } from "../src/browsers.js";
import { calm, judge, longest } from "../src/calm.js";
import { figure, span, spread } from "../src/figures.js";
import { expect, test } from "../src/stage.js";

/** A player settles for so long after its first sound, s. */
const SETTLING = 3;

for (const browser of ["chromium", "firefox"] satisfies BrowserName[]) {
  test(`${browser} sounds the right music, without a gap or a click`, async ({
    relay,
    card,
    station,
    source,
    arrive,
  }) => {
    const seconds = span(8, 60);
    const recording = await card.record(longest(seconds));
    const listener = await arrive(browser, 0);
    await listener.open(relay.pages, { channel: station });
    await recording.further(1);
    expect(recording.peak(0, 0), "sound before a gesture").toBe(0);

    const begins = await listener.play(recording);
    const from = begins + SETTLING;
    const recorded = await calm(recording, listener, from, seconds);
    await recording.stop();

    const heard = judge(recording, listener, source.samples, recorded);
    const { points, faults } = heard;
    const matches = points.map((point) => point.match);
    const wrong = points.filter(({ match }) => !(match > 0.95));
    const ownWrong = undisturbed(wrong, recording.stills);
    const offsets = points.flatMap(({ at, position }) =>
      position === undefined ? [] : [(position - at) * 1000],
    );
    await figure("sound", {
      browser,
      seconds,
      match: { p01: quantile(matches, 0.01), p50: quantile(matches, 0.5) },
      wrong: { own: ownWrong.length, all: wrong.length, of: points.length },
      offsetMs: spread(offsets),
      holes: faults.holes.length,
      clicks: faults.clicks.length,
      stalls: faults.stalls.length,
      spoiledAfterSeconds: heard.spoiled,
      excused: heard.excused,
      stills: heard.stills,
      telemetry: heard.after,
    });
    expect(points.length).toBeGreaterThan(seconds * 15);
    expect(ownWrong.length).toBeLessThan(0.05 * points.length);
    expect(quantile(matches, 0.5)).toBeGreaterThan(0.95);
    expect(faults).toEqual({ holes: [], stalls: [], clicks: [] });
  });
}
