import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { formatDuration, formatListeners } from "../ui/format.js";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import "../ui/sky-meter.js";
import { fromDecibels, toDecibels } from "./core/fade.js";
import type { MixerReport } from "./core/mixer.js";
import { panel } from "./look.js";
import type { StudioState } from "./state.js";
import type { Studio } from "./studio.js";

/** A clipping warning stays so long, ms. */
const WARN_MS = 3_000;

/** `<sky-air>`: the broadcast that is on: since when, who listens, what plays, and its end. */
export class SkyAir extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    panel,
    css`
      section.card {
        display: grid;
        gap: 18px;
        border-color: var(--sky-live);
        border-width: 2px;
      }

      .big {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 4px 20px;
      }

      #elapsed {
        font-size: clamp(2.75rem, 8vw, 4rem);
        font-weight: 700;
        line-height: 1;
        letter-spacing: -0.04em;
        font-variant-numeric: tabular-nums;
      }

      h1 {
        min-width: 0;
        overflow-wrap: anywhere;
        font-size: 1.25rem;
        line-height: 1.25;
        letter-spacing: -0.01em;
      }

      .heard {
        display: grid;
        gap: 8px;
        padding: 14px 16px;
        border-radius: 12px;
        background: var(--sky-raised);
      }

      .heard .title {
        overflow-wrap: anywhere;
        font-size: 1.125rem;
        font-weight: 700;
        line-height: 1.3;
      }

      progress {
        width: 100%;
        height: 8px;
        border: 0;
        border-radius: 999px;
        background: var(--sky-line);
        accent-color: var(--sky-accent);
        appearance: none;
      }

      progress::-webkit-progress-bar {
        border-radius: 999px;
        background: var(--sky-line);
      }

      progress::-webkit-progress-value {
        border-radius: 999px;
        background: var(--sky-accent);
      }

      progress::-moz-progress-bar {
        border-radius: 999px;
        background: var(--sky-accent);
      }

      form {
        display: grid;
        gap: 12px;
      }

      .mix .slider {
        flex: 1 1 220px;
        max-width: 420px;
      }

      .mix {
        display: grid;
        gap: 8px;
      }

      .sure {
        padding: 12px 16px;
        border: 2px solid var(--sky-bad);
        border-radius: 12px;
      }

      #continue {
        width: 100%;
        min-height: 88px;
        border-color: var(--sky-live);
        background: var(--sky-live);
        color: var(--sky-bg);
        font-size: 1.375rem;
      }
    `,
  ];

  static override properties = {
    studio: { attribute: false },
    state: { attribute: false },
    isAsking: { state: true },
    isEditing: { state: true },
    warning: { state: true },
    now: { state: true },
  };

  declare studio: Studio;
  declare state: StudioState;
  private declare isAsking: boolean;
  private declare isEditing: boolean;
  private declare warning: "none" | "limited" | "clipping";
  private declare now: number;
  #clippedAt = 0;
  #limitedAt = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.isAsking = false;
    this.isEditing = false;
    this.warning = "none";
    this.now = Date.now();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#clock = setInterval(() => {
      this.now = Date.now();
    }, 500);
  }

  override disconnectedCallback(): void {
    clearInterval(this.#clock);
    super.disconnectedCallback();
  }

  /** Shows levels; called some 20 times a second. */
  report({ mix, limited }: MixerReport): void {
    const meter = this.renderRoot.querySelector("sky-meter");
    if (meter) {
      meter.level = mix.rms;
      meter.peak = mix.peak;
    }
    const now = performance.now();
    if (mix.clips > 0) this.#clippedAt = now;
    if (limited < 0.7) this.#limitedAt = now;
    const isRecent = (at: number) => at > 0 && now - at < WARN_MS;
    this.warning = isRecent(this.#clippedAt)
      ? "clipping"
      : isRecent(this.#limitedAt)
        ? "limited"
        : "none";
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("isAsking") && this.isAsking) this.#focus("#stop-cancel");
    if (changed.has("isAsking") && changed.get("isAsking") === true) this.#focus("#stop");
    if (changed.has("isEditing") && this.isEditing) this.#focus("#title-track");
  }

  protected override render(): TemplateResult {
    const { live, station, show, startedAt, listeners, connection } = this.state;
    const isThere = connection.state === "connected";
    return html`<section class="card" aria-label="On the air">
      <div class="row apart">
        <span class="pill ${isThere && live === "on" ? "live" : "warn"}" role="status" id="live-status"
          >${statusWords(live, isThere)}</span
        >
        ${this.isAsking ? nothing : this.#stopButton()}
      </div>
      ${this.isAsking ? this.#sure() : nothing}
      ${live === "held"
        ? html`<div class="field">
            <button
              id="continue"
              type="button"
              @click=${() => {
                void this.studio.continue();
              }}
            >
              Continue the broadcast
            </button>
            <p class="hint">
              The page was loaded again, and the browser lets it use sound only after a press.
              ${this.state.playing
                ? "Meanwhile the music goes on for listeners."
                : "Meanwhile listeners hear silence, and nobody is cut off."}
            </p>
          </div>`
        : nothing}
      <div class="big">
        <span id="elapsed" role="timer" aria-label="On the air for"
          >${formatDuration(startedAt === undefined ? 0 : this.now - startedAt)}</span
        >
        <h1>
          ${show.showTitle ?? station}
          ${show.showTitle === undefined ? nothing : html`<span class="muted"> on ${station}</span>`}
        </h1>
      </div>
      <p>
        ${listeners === undefined ? nothing : html`<strong>${formatListeners(listeners)}</strong> · `}
        <a href=${`/?channel=${encodeURIComponent(station)}`} target="_blank" rel="noopener"
          >The page where people listen</a
        >
      </p>
      ${this.#heard()} ${this.#mix()}
    </section>`;
  }

  #stopButton(): TemplateResult {
    return html`<button
      id="stop"
      class="danger"
      type="button"
      ?disabled=${this.state.live === "stopping"}
      @click=${() => {
        this.isAsking = true;
      }}
    >
      Stop
    </button>`;
  }

  #sure(): TemplateResult {
    return html`<div class="sure row apart" role="group" aria-labelledby="sure">
      <p id="sure"><strong>Stop the broadcast?</strong> It ends for everyone who listens.</p>
      <div class="row">
        <button
          id="stop-confirm"
          class="danger"
          type="button"
          @click=${() => {
            this.isAsking = false;
            this.studio.stop();
          }}
        >
          Stop now
        </button>
        <button
          id="stop-cancel"
          type="button"
          @click=${() => {
            this.isAsking = false;
          }}
        >
          Keep going
        </button>
      </div>
    </div>`;
  }

  #heard(): TemplateResult {
    const { title, playing, mixer, playlist } = this.state;
    const line = [title?.artistName, title?.albumName].filter((name) => name !== undefined);
    const canPlay = playlist.tracks.length > 0 && this.state.live === "on";
    return html`<div class="heard">
      ${this.isEditing
        ? this.#editor()
        : html`<div class="row apart">
            <div>
              <p class="title" id="title" aria-live="polite">${title?.trackName ?? "No title"}</p>
              <p class="muted">${line.join(" · ")}</p>
            </div>
            <button
              id="edit-title"
              type="button"
              @click=${() => {
                this.isEditing = true;
              }}
            >
              Edit title
            </button>
          </div>`}
      ${playing
        ? html`<progress
              max=${Math.max(1, playing.duration)}
              .value=${Math.min(playing.position, playing.duration)}
              aria-label="How far the track has come"
            ></progress>
            <p class="row apart hint numbers">
              <span>${formatDuration(playing.position * 1000)}</span>
              <span>${formatDuration(Math.max(0, playing.duration - playing.position) * 1000)} left</span>
            </p>`
        : nothing}
      ${canPlay
        ? html`<div class="row">
            <button
              id="play-pause"
              type="button"
              @click=${() => {
                this.studio.togglePaused();
              }}
            >
              ${playing && !mixer.paused ? "Pause music" : "Play music"}
            </button>
            <button
              id="skip"
              type="button"
              ?disabled=${!playing}
              @click=${() => {
                this.studio.skip();
              }}
            >
              Next track
            </button>
          </div>`
        : nothing}
    </div>`;
  }

  #editor(): TemplateResult {
    const { title } = this.state;
    const field = (id: string, words: string, value: string | undefined) =>
      html`<div class="field">
        <label for=${id}>${words}</label>
        <input id=${id} name=${id} .value=${value ?? ""} maxlength="500" />
      </div>`;
    return html`<form
      @submit=${this.#saveTitle}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === "Escape") this.isEditing = false;
      }}
    >
      <div class="fields">
        ${field("title-track", "Title", title?.trackName)}
        ${field("title-artist", "Artist", title?.artistName)}
      </div>
      <div class="row">
        <button class="primary" id="title-save" type="submit">Tell listeners</button>
        <button
          type="button"
          @click=${() => {
            this.isEditing = false;
          }}
        >
          Cancel
        </button>
        <span class="hint">It stays until the next track.</span>
      </div>
    </form>`;
  }

  #mix(): TemplateResult {
    const decibels = Math.round(toDecibels(this.state.mixer.musicGain));
    return html`<div class="mix">
      <p class="row apart">
        <strong>What goes out</strong>
        <span class=${this.warning === "clipping" ? "fault" : "hint"} role="status" id="mix-warning">
          ${this.warning === "clipping"
            ? "Too loud: it is held back, and sounds worse. Turn music or voice down."
            : this.warning === "limited"
              ? "Peaks are held back."
              : nothing}
        </span>
      </p>
      <sky-meter label="Level of what goes out"></sky-meter>
      <div class="row apart">
        <div class="slider">
          <label for="music-gain">Music</label>
          <output for="music-gain">${decibels > 0 ? "+" : ""}${decibels} dB</output>
          <input
            id="music-gain"
            type="range"
            min="-30"
            max="6"
            step="1"
            .value=${String(decibels)}
            @input=${(event: Event) => {
              const value = Number((event.target as HTMLInputElement).value);
              this.studio.mix({ musicGain: fromDecibels(value) });
            }}
          />
        </div>
        <label class="check">
          <input
            id="hear-music"
            type="checkbox"
            .checked=${this.state.monitorMusic}
            @change=${(event: Event) => {
              const { monitorVoice } = this.state;
              this.studio.setMonitor((event.target as HTMLInputElement).checked, monitorVoice);
            }}
          />
          Hear the music here
        </label>
      </div>
    </div>`;
  }

  readonly #saveTitle = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => {
      const value = fields.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    this.studio.setTitle({
      ...(text("title-track") === "" ? {} : { trackName: text("title-track") }),
      ...(text("title-artist") === "" ? {} : { artistName: text("title-artist") }),
    });
    this.isEditing = false;
  };

  #focus(selector: string): void {
    this.renderRoot.querySelector<HTMLElement>(selector)?.focus();
  }
}

function statusWords(live: StudioState["live"], isThere: boolean): string {
  if (live === "stopping") return "Stopping…";
  if (live === "starting") return "Going live…";
  if (!isThere) return "Connection lost, coming back";
  return live === "held" ? "On the air, waiting for you" : "On the air";
}

customElements.define("sky-air", SkyAir);
