import { css, html, LitElement, nothing, svg, type PropertyValues } from "lit";
import { Player } from "./player.js";
import type { Delay, PlayerState, Status } from "./state.js";

const SPOKEN: Record<Status, string> = {
  idle: "Live radio",
  connecting: "Connecting…",
  buffering: "Just a moment…",
  playing: "Live",
  offline: "Off the air",
  reconnecting: "Reconnecting…",
  failed: "Stopped",
};

const BARS = 5;

/**
 * A small player for one channel, for any page:
 *
 *     <skywave-player channel="jazz" relay="https://radio.example"></skywave-player>
 *
 * Attributes: `channel`, `relay` (where this page is from, if left out), `token`,
 * `delay` (`low`, `normal`, `steady`, or ms), `delivery` (`stream`, `datagram`).
 * Set them before it plays; a change of `delay` holds at once, another one from the next
 * play on. Fires `skywave-change` with the {@link PlayerState} as its detail.
 *
 * Style it by the CSS parts `player`, `button`, `title`, `artist`, `status`, `volume`,
 * `listeners` and `meter`, and by the custom property `--skywave-accent`.
 */
export class SkywavePlayer extends LitElement {
  /** Where the relay is, for elements that do not say. */
  static defaultRelay: string | undefined;

  static override readonly properties = {
    channel: { reflect: true },
    relay: { reflect: true },
    token: {},
    delay: { reflect: true },
    delivery: { reflect: true },
    volume: { type: Number },
    state: { state: true },
  };

  declare channel: string;
  declare relay: string | undefined;
  declare token: string | undefined;
  declare delay: string | number | undefined;
  declare delivery: "stream" | "datagram" | undefined;
  /** 0 to 1. */
  declare volume: number;
  /** What it shows. */
  declare state: PlayerState | undefined;

  #player: Player | undefined;
  #stopMeter: (() => void) | undefined;
  #spectrum = new Uint8Array(64);

  constructor() {
    super();
    this.channel = "";
    this.volume = 1;
  }

  /** The engine under it, made anew when another channel or relay is set. */
  get player(): Player {
    if (this.#player) return this.#player;
    const player = new Player({
      channelId: this.channel,
      relay: this.relay ?? SkywavePlayer.defaultRelay,
      token: this.token,
      delay: delayOf(this.delay),
      delivery: this.delivery,
    });
    player.volume = this.volume;
    player.on("change", (state) => {
      this.state = state;
      this.dispatchEvent(
        new CustomEvent("skywave-change", { detail: state, bubbles: true, composed: true }),
      );
    });
    this.state = player.state;
    this.#player = player;
    return player;
  }

  /** Plays; call it in a gesture. */
  play(): Promise<void> {
    return this.player.play();
  }

  stop(): void {
    this.#player?.stop();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#discard();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!this.#player) return;
    if (changed.has("volume")) this.#player.volume = this.volume;
    if (changed.has("delay")) this.#player.delay = delayOf(this.delay);
    const isOther = (["channel", "relay", "token", "delivery"] as const).some((name) =>
      changed.has(name),
    );
    if (isOther) this.#discard();
  }

  override updated(): void {
    const isPlaying = this.state?.status === "playing" && !prefersStill();
    if (isPlaying && !this.#stopMeter) this.#runMeter();
    if (!isPlaying) this.#stopMeter?.();
  }

  override render() {
    const { state } = this;
    const status = state?.status ?? "idle";
    const isOn = status !== "idle" && status !== "failed";
    const station = state?.show?.showTitle ?? this.channel;
    const title = state?.title?.trackName ?? station;
    const { artistName } = state?.title ?? {};
    return html`
      <div class="player" part="player" role="group" aria-label=${`Live radio: ${station}`}>
        <button
          part="button"
          type="button"
          aria-label=${isOn ? `Stop ${station}` : `Play ${station}`}
          @click=${() => {
            this.#toggle(isOn);
          }}
        >
          ${isOn ? STOP : PLAY}
        </button>
        <div class="now">
          <div class="words" aria-live="polite">
            <span class="title" part="title">${title}</span>
            <span class="artist" part="artist">${artistName ?? nothing}</span>
          </div>
          <div class="status" part="status" role="status">
            <span class=${`dot ${status}`}></span>${state?.reason ?? SPOKEN[status]}
            ${this.#listeners(state?.listeners)}
          </div>
        </div>
        <div class="meter" part="meter" aria-hidden="true">
          ${Array.from({ length: BARS }, () => html`<i></i>`)}
        </div>
        <input
          part="volume"
          type="range"
          min="0"
          max="1"
          step="0.05"
          aria-label="Volume"
          aria-valuetext=${`${Math.round(this.volume * 100)} percent`}
          .value=${String(this.volume)}
          @input=${(event: Event) => {
            this.volume = (event.target as HTMLInputElement).valueAsNumber;
          }}
        />
      </div>
    `;
  }

  #listeners(count: number | undefined) {
    if (count === undefined) return nothing;
    const words = count === 1 ? "1 listener" : `${count.toLocaleString()} listeners`;
    return html`<span part="listeners">${words}</span>`;
  }

  #toggle(isOn: boolean): void {
    if (isOn) this.stop();
    else void this.play();
  }

  #discard(): void {
    this.#stopMeter?.();
    this.#player?.destroy();
    this.#player = undefined;
    this.state = undefined;
  }

  #runMeter(): void {
    const bars = [...this.renderRoot.querySelectorAll<HTMLElement>(".meter i")];
    let request = 0;
    const draw = () => {
      const { analyser } = this.player;
      analyser?.getByteFrequencyData(this.#spectrum);
      bars.forEach((bar, index) => {
        // Each bar an octave or so of the spectrum.
        const level = (this.#spectrum[2 ** (index + 1) - 1] ?? 0) / 255;
        bar.style.transform = `scaleY(${Math.max(0.08, level)})`;
      });
      request = requestAnimationFrame(draw);
    };
    draw();
    this.#stopMeter = () => {
      cancelAnimationFrame(request);
      for (const bar of bars) bar.style.transform = "";
      this.#stopMeter = undefined;
    };
  }

  static override readonly styles = css`
    :host {
      display: block;
      max-width: 36rem;
      font:
        15px/1.35 system-ui,
        sans-serif;
      color-scheme: light dark;
      --accent: var(--skywave-accent, light-dark(#3a4fd8, #8c9bff));
    }
    :host([hidden]) {
      display: none;
    }
    .player {
      display: flex;
      align-items: center;
      gap: 14px;
      padding: 12px 16px 12px 12px;
      border: 1px solid light-dark(#d8deeb, #2b3453);
      border-radius: 16px;
      background: light-dark(#fff, #151b30);
      color: light-dark(#141a2b, #eef1fb);
    }
    button {
      flex: none;
      display: grid;
      place-items: center;
      width: 52px;
      height: 52px;
      padding: 0;
      border: 0;
      border-radius: 50%;
      background: var(--accent);
      color: light-dark(#fff, #0c1020);
      cursor: pointer;
      transition: transform 0.15s;
    }
    button:hover {
      transform: scale(1.05);
    }
    svg {
      width: 24px;
      height: 24px;
      fill: currentColor;
    }
    :focus-visible {
      outline: 3px solid var(--accent);
      outline-offset: 2px;
    }
    .now {
      flex: 1;
      min-width: 0;
    }
    .words,
    .status {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .title {
      font-weight: 650;
    }
    .artist:not(:empty)::before {
      content: " · ";
    }
    .artist,
    .status {
      color: light-dark(#5a647c, #a0aac4);
    }
    .status {
      font-size: 13px;
    }
    .status [part="listeners"]::before {
      content: "· ";
    }
    .dot {
      display: inline-block;
      width: 8px;
      height: 8px;
      margin-right: 6px;
      border-radius: 50%;
      background: light-dark(#8b94a9, #6c7694);
    }
    .dot.playing {
      background: light-dark(#c8102e, #ff6b7d);
    }
    .dot.reconnecting,
    .dot.failed {
      background: light-dark(#8a5a00, #f0b94d);
    }
    .meter {
      flex: none;
      display: flex;
      align-items: flex-end;
      gap: 3px;
      height: 28px;
    }
    .meter i {
      width: 4px;
      height: 100%;
      border-radius: 2px;
      background: var(--accent);
      transform: scaleY(0.08);
      transform-origin: bottom;
    }
    input {
      flex: none;
      width: 88px;
      accent-color: var(--accent);
    }
    @media (max-width: 480px) {
      .meter {
        display: none;
      }
      input {
        width: 64px;
      }
    }
    @media (prefers-reduced-motion: reduce) {
      button {
        transition: none;
      }
    }
    @media (forced-colors: active) {
      button {
        border: 1px solid ButtonText;
      }
      .dot,
      .meter i {
        forced-color-adjust: none;
        background: CanvasText;
      }
    }
  `;
}

const PLAY = svg`<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 4.5v15l12.5-7.5z" /></svg>`;
const STOP = svg`<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="6" y="6" width="12" height="12" rx="1.5" /></svg>`;

function delayOf(delay: string | number | undefined): Delay {
  if (delay === "low" || delay === "steady") return delay;
  const ms = Number(delay ?? Number.NaN);
  return Number.isFinite(ms) && ms >= 0 ? ms : "normal";
}

function prefersStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

if (!customElements.get("skywave-player")) customElements.define("skywave-player", SkywavePlayer);

declare global {
  interface HTMLElementTagNameMap {
    "skywave-player": SkywavePlayer;
  }
}
