import { undisturbed } from "../src/analysis.js";
import { calm, judge, longest } from "../src/calm.js";
import { figure, span } from "../src/figures.js";
import type { Conditions } from "../src/network.js";
import { expect, test } from "../src/stage.js";

/** Each way; packets overtake each other. */
const BAD: Conditions = { loss: 0.02, delayMs: 0, jitterMs: 20, ordered: false };
const SETTLING = 5;

for (const delivery of ["stream", "datagram"] as const) {
  test(`2% of loss and 20 ms of jitter each way, delivery by ${delivery}`, async ({
    relay,
    card,
    station,
    source,
    arrive,
  }) => {
    const seconds = span(12, 120);
    const recording = await card.record(longest(seconds));
    relay.network.conditions = BAD;
    const listener = await arrive("chromium", 0);
    await listener.open(relay.pages, { channel: station, delivery });
    const begins = await listener.play(recording);
    const recorded = await calm(recording, listener, begins + SETTLING, seconds, delivery === "datagram");
    const state = await listener.state();
    await recording.stop();

    const heard = judge(recording, listener, source.samples, recorded);
    const { points, before, after } = heard;
    const { holes, clicks, stalls } = heard.faults;
    const unlike = points.filter((point) => point.position === undefined);
    const ownUnlike = undisturbed(unlike, recording.stills);
    await figure("bad network", {
      delivery,
      seconds,
      network: relay.network.counts,
      holes: holes.length,
      holeSeconds: holes.reduce((sum, hole) => sum + hole.to - hole.from, 0),
      clicks: clicks.length,
      stalls: stalls.length,
      unlike: { own: ownUnlike.length, all: unlike.length, of: points.length },
      spoiledAfterSeconds: heard.spoiled,
      excused: heard.excused,
      stills: heard.stills,
      missing: after.missing - before.missing,
      resyncs: after.resyncs - before.resyncs,
      late: after.late - before.late,
      delayMs: after.delayMs,
      words: state.qualityWords,
    });
    expect(points.length).toBeGreaterThan(0);
    expect(relay.network.counts.lost).toBeGreaterThan(0);
    expect(clicks).toEqual([]);
    // By datagram what is lost is lost: about 1 frame in 50, and what its decoding takes with it.
    expect(unlike.length).toBeLessThan(0.4 * points.length);
    if (delivery === "stream") {
      expect(holes).toEqual([]);
      expect(stalls).toEqual([]);
      // A jump back into step is a crossfade, which is like neither moment of the source.
      expect(ownUnlike.length).toBeLessThan(0.03 * points.length);
    }
  });
}
