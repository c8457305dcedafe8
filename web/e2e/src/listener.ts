import { openTab, type BrowserName, type Tab } from "./browsers.js";
import { place } from "./deep.js";
import type { Recording } from "./recording.js";
import type { SoundCard } from "./sound.js";
import { TITLE_WATCH, type Shown } from "./title-watch.js";

/** What of the player's state the tests look at. */
export interface State {
  readonly status: string;
  readonly reason?: string;
  readonly delayMs?: number;
  readonly listeners?: number;
  readonly quality: string;
  readonly qualityWords: string;
  readonly title?: { readonly trackName?: string; readonly artistName?: string };
}

/** What of the player's telemetry the tests look at; times in µs. */
export interface Telemetry {
  readonly at: number;
  readonly heardTime: number;
  readonly relayNow: number;
  readonly delayMs: number;
  readonly errorMs: number;
  readonly gaps: number;
  readonly concealed: number;
  readonly resyncs: number;
  readonly late: number;
  readonly missing: number;
  readonly outputLatencyMs: number;
  readonly roundTripMs: number;
  readonly jitterMs: number;
  readonly decoder: string;
}

export interface ListenOptions {
  readonly channel: string;
  readonly delay?: "low" | "normal" | "steady" | number;
  readonly delivery?: "stream" | "datagram";
}

/**
 * What a browser asks PulseAudio to hold for it. Of its own accord Chromium asks for about
 * 20 ms, and on a busy machine even a plain tone of it breaks up then. Firefox holds enough.
 */
const BUFFER_MS: Readonly<Record<BrowserName, number | undefined>> = {
  chromium: 60,
  firefox: undefined,
};

const PLAYER = `document.querySelector("sky-listen").player`;

/** Someone with the listen page open, in a browser of their own, whom a recording hears. */
export class Listener {
  readonly tab: Tab;
  readonly ear: number;

  private constructor(tab: Tab, ear: number) {
    this.tab = tab;
    this.ear = ear;
  }

  static async arrive(browser: BrowserName, card: SoundCard, ear: number): Promise<Listener> {
    return new Listener(await openTab(browser, card.environment(ear, BUFFER_MS[browser])), ear);
  }

  /** Opens the listen page on a channel. */
  async open(pages: string, options: ListenOptions): Promise<void> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options)) query.set(name, String(value));
    await this.tab.open(`${pages}/?${query.toString()}`);
  }

  /** Where the play button is, in CSS pixels, once it is there. */
  playButton(): Promise<{ x: number; y: number }> {
    return this.tab.evaluate(place("button", String.raw`^(play|listen)\b`));
  }

  /** Presses the play button, once it is there. */
  async press(): Promise<void> {
    const { x, y } = await this.playButton();
    await this.tab.clickAt(x, y);
  }

  /** Presses play, and waits until sound is recorded; where that begins, s. */
  async play(recording: Recording, level = 0.05): Promise<number> {
    const since = recording.seconds;
    await this.press();
    return recording.sound(this.ear, since, level, 30);
  }

  state(): Promise<State> {
    return this.tab.evaluate(`(({ history, ...state }) => state)(${PLAYER}.state)`);
  }

  telemetry(): Promise<Telemetry> {
    return this.tab.evaluate(`${PLAYER}.telemetry()`);
  }

  /** Begins to note every moment at which another title is shown. */
  async watchTitles(): Promise<void> {
    await this.tab.evaluate(TITLE_WATCH);
  }

  /** The titles that were shown since, each with the moment, local time in ms. */
  titlesShown(): Promise<Shown[]> {
    return this.tab.evaluate("globalThis.skywaveTitles");
  }

  /** Waits until the player says this status. */
  async until(status: string, withinMs = 20_000): Promise<void> {
    await this.tab.evaluate(`new Promise((resolve, reject) => {
      const player = ${PLAYER};
      const look = (state) => {
        if (state.status !== ${JSON.stringify(status)}) return;
        off();
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        off();
        reject(new Error("not ${status} in time: " + JSON.stringify(player.state)));
      }, ${withinMs});
      const off = player.on("change", look);
      look(player.state);
    })`);
  }

  async leave(): Promise<void> {
    await this.tab.close();
  }
}
