import { join } from "node:path";
import type { Page } from "@playwright/test";
import {
  during,
  gaps,
  meeting,
  quantile,
  track,
  undisturbed,
  type Stretch,
} from "../src/analysis.js";
import { complaintsOf, launchChromium } from "../src/browsers.js";
import { figure, spread } from "../src/figures.js";
import { examine } from "../src/looks.js";
import { writeMp3 } from "../src/publisher.js";
import { joined, makeSource } from "../src/signal.js";
import { expect, test } from "../src/stage.js";

const FIRST_TRACK_SECONDS = 15;
/** s from the studio's microphone and files to a listener's ear, at the most. */
const UNDER_WAY = 1;
const LIVE = /^\s*On the air\s*$/;
const MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

test("a station goes live from files and a microphone, and survives a reload", async ({
  relay,
  card,
  directory,
  arrive,
}) => {
  const tracks = [await makeSource(FIRST_TRACK_SECONDS, 11), await makeSource(90, 12)];
  const whole = await joined(tracks);
  const files = tracks.map((_, n) => join(directory, `${n + 1}.mp3`));
  for (const [n, source] of tracks.entries()) {
    const title = { trackName: `Track ${n + 1}`, artistName: "The Wanderers" };
    await writeMp3(files[n] ?? "", source, title);
  }
  const recording = await card.record(160);
  const profile = join(directory, "studio");
  const context = await launchChromium(profile, card.environment(0), MICROPHONE);
  const studio = context.pages()[0] ?? (await context.newPage());
  const complaints = complaintsOf(studio);
  // Leaving while live is warned of; here it is meant.
  studio.on("dialog", (dialog) => void dialog.accept());
  try {
    await goLive(studio, relay.pages, files);
    const listener = await arrive("chromium", 1);
    await listener.open(relay.pages, { channel: "attic" });
    const begins = await listener.play(recording);
    await listener.watchTitles();
    await expect
      .poll(async () => (await listener.titlesShown()).at(-1)?.title, { timeout: 40_000 })
      .toBe("Track 2");
    await recording.further(2);
    const settled = recording.seconds;

    await studio.locator("#input-on").click();
    await studio.locator("#talk").click();
    await recording.further(3);
    await studio.locator("#talk").click();
    await studio.locator("#input-on").click();
    const spoken = recording.seconds;

    await recording.further(1);
    const reloaded = recording.seconds;
    await studio.reload();
    const again = studio.locator("#continue");
    const isBack = studio.locator("#live-status").filter({ hasText: LIVE });
    await again.or(isBack).first().waitFor({ timeout: 20_000 });
    const wantsPress = await again.isVisible();
    if (wantsPress) await again.click();
    const pressed = recording.seconds;
    await recording.sound(1, pressed, 0.05, 20);
    await recording.further(6);
    const ended = recording.seconds;
    const state = await listener.state();
    const diagnostics = await studio.evaluate(
      `document.querySelector("sky-studio").diagnostics()`,
    );
    await examine(studio, "studio, live");
    await studio.locator("#stop").click();
    await studio.locator("#stop-confirm").click();
    await listener.until("offline");
    await recording.stop();
    // Sound is compared for seconds in which nothing else goes on here, the pages' network
    // neither: one still open would complain that the relay is away.
    await context.close();

    const heard = recording.ear(1);
    const points = track(heard, whole.samples);
    const first = during(points, { from: begins + 1, to: settled });
    const wrong = first.filter(({ match }) => !(match > 0.9));
    const ownWrong = undisturbed(wrong, recording.stills, UNDER_WAY);
    const own = track(recording.ear(0).subarray(0, settled * 48_000), whole.samples);
    const delays = own.flatMap(({ at, position }, n) => {
      const other = points[n]?.position;
      if (at < begins + 1 || position === undefined || other === undefined) return [];
      return [(position - other) * 1000];
    });
    await figure("studio", {
      studioToEarMs: delays.length > 0 ? spread(delays) : "the studio's own ear was silent",
      talkedOver: { from: settled, to: spoken },
      wantsPress,
      silentAfterReloadMs: Math.round(1000 * silence(gaps(heard, { from: reloaded, to: ended }))),
      wrong: { own: ownWrong.length, all: wrong.length, of: first.length },
      stills: meeting(recording.stills, { from: begins, to: settled }).length,
      gapsBefore: gaps(heard, { from: begins + 1, to: settled }).length,
      diagnostics,
    });
    expect(first.length).toBeGreaterThan(100);
    expect(ownWrong.length).toBeLessThan(0.1 * first.length);
    expect(quantile(first.map((point) => point.match), 0.5)).toBeGreaterThan(0.95);
    expect(state.status).toBe("playing");
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
});

/** How long they are together, s. */
function silence(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** Signs in, chooses a station, adds files, and goes live. */
async function goLive(studio: Page, pages: string, files: readonly string[]): Promise<void> {
  await studio.goto(`${pages}/studio`);
  await studio.locator("#name").fill("Ada");
  await studio.locator("#sign-in").click();
  await studio.locator("#station").fill("attic");
  await studio.locator("#files").setInputFiles([...files]);
  await studio.locator("#playlist li").nth(files.length - 1).waitFor();
  await studio.locator("#go-live").click();
  await studio.locator("#live-status").filter({ hasText: LIVE }).waitFor();
}
