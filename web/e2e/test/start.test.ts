import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quantile } from "../src/analysis.js";
import { figure, span, spread } from "../src/figures.js";
import { Listener } from "../src/listener.js";
import { skywave } from "../src/programs.js";
import { localTime } from "../src/recording.js";
import { expect, test } from "../src/stage.js";

/** Faint music counts as sound: what the demo plays begins softly. */
const AUDIBLE = 0.003;

const CONFIG = `
[server]
listen = ["127.0.0.1:0", "[::1]:0"]
[tls]
dir = "certs"
[pages]
listen = ["127.0.0.1:0", "[::1]:0"]
[operations]
listen = "off"
`;

test("the demo tells the address of a page that plays", async ({ directory, card }) => {
  const path = join(directory, "config.toml");
  await mkdir(join(directory, "certs"));
  const built = process.env["SKYWAVE_PAGES"];
  const pages = built === undefined ? "[pages]" : `[pages]\ndir = "${built}"`;
  await writeFile(path, CONFIG.replace("[pages]", pages));
  const demo = skywave("demo", ["--config", path]).hearStdout();
  const recording = await card.record(400);
  try {
    const address = await demo.line("address", (line) => /http:\S+channel=demo/.exec(line)?.[0]);
    const times = { button: [] as number[], sound: [] as number[], whole: [] as number[] };
    for (let n = 0; n < span(3, 10); n++) {
      const listener = await Listener.arrive("chromium", card, 0);
      const navigated = localTime();
      await listener.tab.open(address);
      const at = await listener.playButton();
      const pressed = localTime();
      const since = recording.at(pressed);
      await listener.tab.clickAt(at.x, at.y);
      const begins = await recording.sound(0, since, AUDIBLE, 20);
      const heard = recording.beginning + begins * 1000;
      times.button.push(pressed - navigated);
      times.sound.push(heard - pressed);
      times.whole.push(heard - navigated);
      await listener.leave();
      expect(listener.tab.complaints).toEqual([]);
      // What the browser has still to sound is not the next one's.
      await recording.further(0.5);
    }
    await figure("start", {
      navigationToButtonMs: spread(times.button),
      clickToSoundMs: spread(times.sound),
      navigationToSoundMs: spread(times.whole),
    });
    expect(quantile(times.whole, 0.5)).toBeLessThan(span(8_000, 4_000));
  } finally {
    await recording.stop();
    await demo.stop("SIGINT");
  }
});
