import { expect, test } from "@playwright/test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { openTab, type BrowserName } from "../src/browsers.js";
import { gaps } from "../src/analysis.js";
import { SoundCard } from "../src/sound.js";

/** A page that makes a tone once it is clicked. */
const PAGE = `<!doctype html><title>tone</title><script>
  let context;
  addEventListener("pointerdown", () => {
    context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 1000 });
    const gain = new GainNode(context, { gain: 0.4 });
    tone.connect(gain).connect(context.destination);
    tone.start();
  });
</script>`;

test("both browsers are heard, each on its own ear, and only after a click", async () => {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const card = await SoundCard.open(2);
  const recording = await card.record(60);
  const names: BrowserName[] = ["chromium", "firefox"];
  try {
    for (const [ear, name] of names.entries()) {
      const tab = await openTab(name, card.environment(ear));
      await tab.open(url);
      const before = recording.seconds;
      await recording.further(0.5);
      expect(recording.peak(ear, before)).toBe(0);
      await tab.clickAt(200, 200);
      const begins = await recording.sound(ear, before, 0.1, 20);
      await recording.until(begins + 3);
      expect(recording.peak(1 - ear, before)).toBe(0);
      const within = { from: begins + 1, to: begins + 3 };
      expect(gaps(recording.ear(ear), within)).toEqual([]);
      await tab.close();
    }
  } finally {
    await recording.stop();
    await card.close();
    server.close();
  }
});
