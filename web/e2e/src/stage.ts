import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import { span } from "./figures.js";
import { Listener } from "./listener.js";
import type { BrowserName } from "./browsers.js";
import { Publisher, writeMp3 } from "./publisher.js";
import { Relay } from "./relay.js";
import { makeSource, type Source } from "./signal.js";
import { SoundCard } from "./sound.js";

/** What a test finds there, and what is cleared away after it. */
export interface Stage {
  /** A directory of the test's own. */
  readonly directory: string;
  readonly relay: Relay;
  readonly card: SoundCard;
  /** A browser with the ear of that number; what it complains of fails the test. */
  readonly arrive: (browser: BrowserName, ear: number) => Promise<Listener>;
  /** The channel of a station that plays {@link Lasting.source}, over and over. */
  readonly station: string;
}

/** What is made once for all tests. */
export interface Lasting {
  /** Longer than any test listens. */
  readonly source: Source;
}

/** Ears of the sound card. */
const EARS = 3;

/**
 * Complaints that are no fault of the pages: what browsers say of a relay that a test has
 * taken away, and of a network that it has cut.
 */
const EXPECTED = /WebTransport|ERR_CONNECTION|ERR_QUIC|Failed to load resource|NetworkError/;

export const test = base.extend<Stage, Lasting>({
  source: [
    async ({}, use) => {
      await use(await makeSource(span(120, 1000)));
    },
    { scope: "worker", timeout: 120_000 },
  ],
  directory: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), "skywave-test-"));
    await use(directory);
    await rm(directory, { recursive: true, force: true });
  },
  relay: async ({}, use) => {
    const relay = await Relay.start();
    await use(relay);
    await relay.stop();
  },
  card: async ({}, use) => {
    const card = await SoundCard.open(EARS);
    await use(card);
    await card.close();
  },
  arrive: async ({ card }, use) => {
    const here: Listener[] = [];
    await use(async (browser, ear) => {
      const listener = await Listener.arrive(browser, card, ear);
      here.push(listener);
      return listener;
    });
    await Promise.all(here.map((listener) => listener.leave()));
    const complaints = here.flatMap((listener) => listener.tab.complaints);
    expect(complaints.filter((words) => !EXPECTED.test(words))).toEqual([]);
  },
  station: async ({ relay, directory, source }, use) => {
    const file = join(directory, "music.mp3");
    await writeMp3(file, source, { trackName: "Track 0", artistName: "The Wanderers" });
    const publisher = await Publisher.play(relay.url, "music", [file], { loop: true });
    await use("music");
    await publisher.stop();
  },
});

export { expect };
