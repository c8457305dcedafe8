import type { PlayerState } from "@skywave/player";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { formatClock, formatSpan } from "../ui/format.js";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import { icons } from "./icons.js";
import { shareUrl, type DelayChoice } from "./route.js";
import type { Settings } from "./settings.js";
import { share } from "./share.js";
import "./sky-count.js";
import "./sky-horizon.js";
import type { Sky } from "./sky-horizon.js";
import "./sky-token.js";
import { sky } from "./sky-look.js";
import { stationLook } from "./station-look.js";
import type { Station } from "./stations.js";
import {
  heardBefore,
  heardNow,
  heardSince,
  standing,
  type OnAir,
  type Refusal,
  type Since,
  type Standing,
} from "./words.js";

/** How long the page confirms that a link was copied, in ms. */
const CONFIRM_MS = 3_000;

const SKIES: Readonly<Record<Standing["mood"], Sky>> = {
  ready: "still",
  waiting: "search",
  playing: "sound",
  lost: "search",
  off: "none",
  failed: "none",
};

const PILLS: Readonly<Record<Standing["mood"], string>> = {
  ready: "live",
  waiting: "",
  playing: "live",
  lost: "warn",
  off: "",
  failed: "bad",
};

const DELAYS: readonly {
  readonly value: DelayChoice;
  readonly name: string;
  readonly words: string;
}[] = [
  { value: "low", name: "Low", words: "A tenth of a second behind live. For steady networks." },
  { value: "normal", name: "Normal", words: "What the station asks for, and most people hear." },
  { value: "steady", name: "Steady", words: "Half a second behind live. For uneven networks." },
];

/**
 * `<sky-station>`: one station and its player. Tells what is wanted by `sky-play`,
 * `sky-stop`, and `sky-settings` (detail: the settings that changed).
 */
export class SkyStation extends LitElement {
  static override styles = [base, buttons, cards, inputs, sky, stationLook];

  static override properties = {
    channelId: { attribute: false },
    station: { attribute: false },
    onAir: { attribute: false },
    playerState: { attribute: false },
    since: { attribute: false },
    analyser: { attribute: false },
    settings: { attribute: false },
    refusal: { attribute: false },
    home: { attribute: false },
    now: { attribute: false },
    shared: { state: true },
  };

  declare channelId: string;
  /** What the list tells of it, if it is there. */
  declare station: Station | undefined;
  declare onAir: OnAir;
  /** Of its own player; `undefined`: it has none now. */
  declare playerState: PlayerState | undefined;
  declare since: Since | undefined;
  declare analyser: AnalyserNode | undefined;
  declare settings: Settings;
  /** Why the relay did not let this page in, where it did not. */
  declare refusal: Refusal;
  /** Address of the list. */
  declare home: string;
  /** ms of Unix time: for words that tell how long. */
  declare now: number;
  declare private shared: "no" | "copied" | "shown";
  #confirming: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.channelId = "";
    this.station = undefined;
    this.onAir = "unknown";
    this.playerState = undefined;
    this.since = undefined;
    this.analyser = undefined;
    this.settings = { volume: 1, muted: false, delay: "normal" };
    this.refusal = undefined;
    this.home = "./";
    this.now = Date.now();
    this.shared = "no";
  }

  override disconnectedCallback(): void {
    clearTimeout(this.#confirming);
    super.disconnectedCallback();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("settings")) {
      this.renderRoot
        .querySelector<HTMLInputElement>("#volume")
        ?.style.setProperty("--fill", `${Math.round(this.settings.volume * 100)}%`);
    }
  }

  protected override render(): TemplateResult {
    const state = this.playerState;
    const now = standing(state, this.since, this.onAir, this.now, this.refusal);
    const isOn = state !== undefined && state.status !== "idle" && state.status !== "failed";
    const before = heardBefore(state);
    const needsToken = !isOn && this.refusal?.code.startsWith("token-") === true;
    return html`
      <slot name="header"></slot>
      <main>
        <div class="sky">
          <sky-horizon .sky=${SKIES[now.mood]} .analyser=${this.analyser}></sky-horizon>
          <div class="words">
            <a class="back" href=${this.home}>${icons.back} All stations</a>
            <h1>${this.channelId}</h1>
            ${this.#show()}
            <p class="facts">
              <span class="pill ${PILLS[now.mood]}" role="status">${now.label}</span>
              ${this.#audience()}
            </p>
          </div>
          <button
            class="sun ${now.mood}"
            aria-label=${isOn ? `Stop ${this.channelId}` : `Listen to ${this.channelId}`}
            @click=${isOn ? this.#stop : this.#play}
          >
            ${isOn ? icons.stop : icons.play}
            ${
              isOn && (now.mood === "waiting" || now.mood === "lost")
                ? html`<span class="orbit"></span>`
                : nothing
            }
          </button>
        </div>
        <section class="now" aria-label="Now playing">
          ${this.#title()}${this.#detail(now)}${
            needsToken ? html`<sky-token></sky-token>` : nothing
          }
        </section>
        <div class="columns ${before.length === 0 ? "alone" : ""}">
          <div>${this.#bar()}${this.#link()}${this.#delays()}</div>
          ${before.length === 0 ? nothing : this.#history(before)}
        </div>
      </main>
    `;
  }

  #show(): TemplateResult | typeof nothing {
    const show = this.playerState?.show ?? this.station;
    const words = [
      show?.showTitle,
      show?.hostName === undefined || show.hostName === "" ? "" : `with ${show.hostName}`,
    ];
    const text = words.filter(Boolean).join(" ");
    return text === "" ? nothing : html`<p class="show">${text}</p>`;
  }

  #audience(): TemplateResult | typeof nothing {
    const { status, listeners: heardWith } = this.playerState ?? { status: "idle" };
    const isJoined = status !== "idle" && status !== "failed";
    const listeners = (isJoined ? heardWith : undefined) ?? this.station?.listeners;
    if (listeners === undefined) return nothing;
    return html`<span>
      <sky-count .value=${listeners}></sky-count> ${listeners === 1 ? "listener" : "listeners"}
    </span>`;
  }

  #title(): TemplateResult {
    const title = heardNow(this.playerState);
    const at = heardSince(this.playerState);
    const artist = [title?.artistName, title?.albumName].filter(Boolean).join(" · ");
    return html`
      <div aria-live="polite" aria-atomic="true">
        ${title?.trackName ? html`<h2>${title.trackName}</h2>` : nothing}
        ${artist === "" ? nothing : html`<p class="artist">${artist}</p>`}
      </div>
      ${
        title?.trackName && at !== undefined
          ? html`<p class="unseen">Since ${formatClock(at)}</p>`
          : nothing
      }
    `;
  }

  #detail(now: Standing): TemplateResult {
    const { station } = this;
    const isReady = now.mood === "ready" && station !== undefined;
    const quality = now.mood === "playing" ? (this.playerState?.quality ?? "") : "";
    return html`<p class="detail ${now.mood} ${quality}">
      ${isReady ? `On the air for ${formatSpan(this.now - station.startedAt)}. ` : ""}${now.detail}
    </p>`;
  }

  #bar(): TemplateResult {
    const { volume, muted } = this.settings;
    const percent = Math.round(volume * 100);
    return html`<div class="bar">
      <button class="quiet icon" aria-label="Mute" aria-pressed=${muted} @click=${this.#mute}>
        ${muted ? icons.muted : icons.sound}
      </button>
      <input
        id="volume"
        class="volume"
        type="range"
        min="0"
        max="100"
        step="1"
        aria-label="Volume"
        aria-valuetext=${muted ? `${percent}%, muted` : `${percent}%`}
        .value=${String(percent)}
        @input=${this.#volumeMoved}
      />
      <button class="quiet ${this.shared === "copied" ? "copied" : ""}" @click=${this.#share}>
        ${this.shared === "copied" ? icons.done : icons.share}
        <span role="status">${this.shared === "copied" ? "Link copied" : "Share"}</span>
      </button>
    </div>`;
  }

  #link(): TemplateResult | typeof nothing {
    if (this.shared !== "shown") return nothing;
    return html`<p class="link">
      <label for="link">Copy this link</label>
      <input id="link" readonly .value=${shareUrl(location.href, this.channelId)} />
    </p>`;
  }

  #delays(): TemplateResult {
    const { delay } = this.settings;
    const own = typeof delay === "number" ? ` (${delay} ms)` : "";
    return html`<details>
      <summary>How far behind live${own}</summary>
      <fieldset>
        <legend class="unseen">How far behind live</legend>
        ${DELAYS.map(
          ({ value, name, words }) =>
            html`<label class="choice">
              <input
                type="radio"
                name="delay"
                value=${value}
                .checked=${delay === value}
                @change=${() => {
                  this.#settle({ delay: value });
                }}
              />
              <span>${name}</span>
              <small>${words}</small>
            </label>`,
        )}
      </fieldset>
    </details>`;
  }

  #history(before: PlayerState["history"]): TemplateResult {
    return html`<section class="history" aria-labelledby="heard">
      <h2 id="heard">Heard before</h2>
      <ol>
        ${repeat(
          before,
          ({ at }) => at,
          ({ title, at }) =>
            html`<li>
              <time datetime=${new Date(at).toISOString()}>${formatClock(at)}</time>
              <span
                ><strong>${title.trackName ?? "No title"}</strong>${title.artistName ?? ""}</span
              >
            </li>`,
        )}
      </ol>
    </section>`;
  }

  readonly #play = (): void => {
    this.dispatchEvent(new CustomEvent("sky-play"));
  };

  readonly #stop = (): void => {
    this.dispatchEvent(new CustomEvent("sky-stop"));
  };

  readonly #mute = (): void => {
    this.#settle({ muted: !this.settings.muted });
  };

  readonly #volumeMoved = (event: InputEvent): void => {
    const volume = Number((event.target as HTMLInputElement).value) / 100;
    this.#settle({ volume, muted: false });
  };

  readonly #share = async (): Promise<void> => {
    const url = shareUrl(location.href, this.channelId);
    const outcome = await share(navigator, { title: `${this.channelId} on Skywave`, url });
    if (outcome === "copied" || outcome === "shown") this.shared = outcome;
    if (outcome !== "copied") return;
    clearTimeout(this.#confirming);
    this.#confirming = setTimeout(() => {
      this.shared = "no";
    }, CONFIRM_MS);
  };

  #settle(detail: Partial<Settings>): void {
    this.dispatchEvent(new CustomEvent("sky-settings", { detail }));
  }
}

customElements.define("sky-station", SkyStation);

declare global {
  interface HTMLElementTagNameMap {
    "sky-station": SkyStation;
  }
}
