import { join } from "node:path";
import { quantile, track } from "../src/analysis.js";
import { figure, span, spread } from "../src/figures.js";
import { Publisher, writeMp3 } from "../src/publisher.js";
import { frameStart, joined, makeSource } from "../src/signal.js";
import { expect, test } from "../src/stage.js";

const SECONDS_A_TRACK = 3;

test("a title is shown when its first frame is heard", async ({
  relay,
  card,
  directory,
  arrive,
}) => {
  // The first ones pass before the listener has settled.
  const count = span(7, 25);
  const numbers = Array.from({ length: count }, (_, n) => n);
  const tracks = await Promise.all(numbers.map((n) => makeSource(SECONDS_A_TRACK, 100 + n)));
  const whole = await joined(tracks);
  const files = numbers.map((n) => join(directory, `${n}.mp3`));
  for (const [n, source] of tracks.entries()) {
    const title = { trackName: `Track ${n}`, artistName: "The Wanderers" };
    await writeMp3(files[n] ?? "", source, title);
  }

  const listener = await arrive("chromium", 0);
  const recording = await card.record(count * SECONDS_A_TRACK + 60);
  const publisher = await Publisher.play(relay.url, "music", files);
  await listener.open(relay.pages, { channel: "music" });
  await listener.play(recording);
  await listener.watchTitles();
  await publisher.ended();
  await recording.further(1);
  const shown = await listener.titlesShown();
  await recording.stop();

  const points = track(recording.ear(0), whole.samples);
  let first = 0;
  const begins = tracks.map((source) => {
    const begin = frameStart(first);
    first += source.offsets.length;
    return begin;
  });
  // Those that were there already when the watch began did not change.
  const errors = shown.slice(1).flatMap(({ title, at }) => {
    const position = begins[Number(title.split(" ")[1])] ?? NaN;
    const near = points.find((point) => (point.position ?? -1) > position);
    if (near?.position === undefined) return [];
    const heard = recording.beginning + (near.at - (near.position - position)) * 1000;
    return [at - heard];
  });
  await figure("titles", { shown: shown.length, errorMs: spread(errors), errors });
  expect(errors.length).toBeGreaterThanOrEqual(span(3, 20));
  const sizes = errors.map((error) => Math.abs(error));
  expect(quantile(sizes, 0.99)).toBeLessThan(span(150, 50));
});
