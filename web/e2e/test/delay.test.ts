import { quantile } from "../src/analysis.js";
import { calm, judge, longest } from "../src/calm.js";
import { figure, isLong, span, spread } from "../src/figures.js";
import { expect, test } from "../src/stage.js";
import { Witness } from "../src/witness.js";

/** s after the first sound, until the clock and the delay have settled. */
const SETTLING = 5;

/** What is aimed at on a quiet machine, and what a short test on a busy one allows, ms. */
const BOUNDS = { low: { aim: 150, allowed: 400 }, normal: { aim: 250, allowed: 600 } };

for (const delay of isLong ? (["low", "normal"] as const) : (["low"] as const)) {
  test(`from the relay to the ear, ${delay}`, async ({ relay, card, station, source, arrive }) => {
    const seconds = span(8, 300);
    const recording = await card.record(longest(seconds));
    const witness = await Witness.listen(relay.url, station);
    const listener = await arrive("chromium", 0);
    await listener.open(relay.pages, { channel: station, delay });
    const begins = await listener.play(recording);
    const recorded = await calm(recording, listener, begins + SETTLING, seconds);
    await recording.stop();
    const arrivedAt = await witness.stop(source);

    const heard = judge(recording, listener, source.samples, recorded);
    const { holes, stalls } = heard.faults;
    const { before, after } = heard;
    const delays = heard.points.flatMap(({ at, position }) =>
      position === undefined
        ? []
        : [recording.beginning + at * 1000 - arrivedAt(position)],
    );
    await figure("delay", {
      delay,
      seconds,
      relayToEarMs: spread(delays),
      holes: holes.length,
      stalls: stalls.length,
      spoiledAfterSeconds: heard.spoiled,
      excused: heard.excused,
      stills: heard.stills,
      gapsTold: after.gaps - before.gaps,
      resyncs: after.resyncs - before.resyncs,
      outputLatencyMs: after.outputLatencyMs,
      playerDelayMs: after.delayMs,
    });
    expect(delays.length).toBeGreaterThan(seconds * 15);
    expect(holes).toEqual([]);
    expect(after.gaps, "gaps that the player tells").toBe(before.gaps);
    expect(stalls).toEqual([]);
    const { aim, allowed } = BOUNDS[delay];
    expect(quantile(delays, 0.99)).toBeLessThan(span(allowed, aim));
  });
}
