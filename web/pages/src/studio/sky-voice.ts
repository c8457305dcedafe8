import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import "../ui/sky-meter.js";
import { DUCKING } from "./core/ducking.js";
import { fromDecibels, toDecibels } from "./core/fade.js";
import type { MixerReport, MixerSettings } from "./core/mixer.js";
import { panel } from "./look.js";
import type { InputState } from "./state.js";
import type { Studio } from "./studio.js";

/** A press that is longer talks only while it lasts, ms. */
const PUSH_MS = 350;
/** A clipping warning stays so long, ms. */
const WARN_MS = 3_000;

/** `<sky-voice>`: the microphone or another input, and the talk button. */
export class SkyVoice extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    panel,
    css`
      section.card {
        display: grid;
        gap: 14px;
      }

      h2 {
        margin: 0;
      }

      #talk {
        width: 100%;
        min-height: 72px;
        border-width: 2px;
        font-size: 1.25rem;
        touch-action: none;
        user-select: none;
      }

      #talk[aria-pressed="true"] {
        border-color: var(--sky-live);
        background: var(--sky-live);
        color: var(--sky-bg);
      }

      details > div {
        display: grid;
        gap: 12px;
        padding-top: 8px;
      }

      summary {
        min-height: 44px;
        padding: 10px 0;
        font-weight: 600;
        cursor: pointer;
      }
    `,
  ];

  static override properties = {
    studio: { attribute: false },
    input: { attribute: false },
    mixer: { attribute: false },
    monitor: { attribute: false },
    warning: { state: true },
    ducked: { state: true },
  };

  declare studio: Studio;
  declare input: InputState;
  declare mixer: MixerSettings;
  /** The presenter hears the voice. */
  declare monitor: boolean;
  private declare warning: boolean;
  private declare ducked: boolean;
  #pressedAt = 0;
  #wasTalking = false;
  #isPressed = false;
  #clippedAt = 0;

  constructor() {
    super();
    this.warning = false;
    this.ducked = false;
  }

  /** Shows levels; called some 20 times a second. */
  report({ voice, ducked }: MixerReport): void {
    const meter = this.renderRoot.querySelector("sky-meter");
    if (meter) {
      meter.level = voice.rms;
      meter.peak = voice.peak;
    }
    const now = performance.now();
    if (voice.clips > 0) this.#clippedAt = now;
    this.warning = this.#clippedAt > 0 && now - this.#clippedAt < WARN_MS;
    this.ducked = ducked < 0.9;
  }

  protected override render(): TemplateResult {
    const isOn = this.input.state === "on";
    return html`<section class="card" aria-labelledby="heading">
      <div class="row apart">
        <h2 id="heading">Microphone</h2>
        <button
          id="input-on"
          type="button"
          aria-pressed=${isOn ? "true" : "false"}
          ?disabled=${this.input.state === "opening"}
          @click=${() => {
            if (isOn) this.#turnOff();
            else void this.studio.input.open(this.input.deviceId);
          }}
        >
          ${isOn ? "Turn off" : this.input.state === "opening" ? "Opening…" : "Turn on"}
        </button>
      </div>
      ${this.input.fault === undefined
        ? nothing
        : html`<p class="fault" role="alert">${this.input.fault}</p>`}
      ${isOn
        ? this.#controls()
        : html`<p class="muted">
            A microphone, a mixing desk, or any other input of this computer. You see its level
            before anybody hears it.
          </p>`}
    </section>`;
  }

  #controls(): TemplateResult {
    const { talking } = this.mixer;
    return html`<div class="field">
        <label for="input-device">Input</label>
        <select
          id="input-device"
          @change=${(event: Event) => {
            void this.studio.input.open((event.target as HTMLSelectElement).value);
          }}
        >
          ${this.input.devices.map(
            ({ deviceId, label }) =>
              html`<option value=${deviceId} ?selected=${deviceId === this.input.deviceId}>
                ${label}
              </option>`,
          )}
        </select>
      </div>
      <sky-meter label="Level of the input"></sky-meter>
      <p class=${this.warning ? "fault" : "hint"} role="status" id="input-warning">
        ${this.warning
          ? "Too loud: the input clips. Turn it down at the microphone or the computer."
          : talking
            ? "Listeners hear you."
            : "Listeners do not hear you now."}
        ${talking && this.ducked ? "The music is lowered." : nothing}
      </p>
      <button
        id="talk"
        type="button"
        aria-pressed=${talking ? "true" : "false"}
        @pointerdown=${this.#press}
        @pointerup=${this.#release}
        @pointercancel=${this.#release}
        @keydown=${(event: KeyboardEvent) => {
          if (isTalkKey(event)) this.#press(event);
        }}
        @keyup=${(event: KeyboardEvent) => {
          if (isTalkKey(event)) this.#release(event);
        }}
        @click=${this.#click}
      >
        ${talking ? "You are talking" : "Talk"}
      </button>
      <p class="hint">Press to switch it, or hold it while you talk.</p>
      <details>
        <summary>Levels and ducking</summary>
        <div>
          ${this.#gain("voice-gain", "Voice", this.mixer.voiceGain, (voiceGain) => {
            this.studio.mix({ voiceGain });
          })}
          <div class="slider">
            <label for="duck">Lower the music while talking by</label>
            <output for="duck">${this.mixer.ducking.depthDb} dB</output>
            <input
              id="duck"
              type="range"
              min="0"
              max="30"
              step="1"
              .value=${String(this.mixer.ducking.depthDb)}
              @input=${(event: Event) => {
                const depthDb = Number((event.target as HTMLInputElement).value);
                this.studio.mix({ ducking: { ...this.mixer.ducking, depthDb } });
              }}
            />
          </div>
          <div class="slider">
            <label for="threshold">It is lowered when you are louder than</label>
            <output for="threshold">${this.mixer.ducking.thresholdDb} dB</output>
            <input
              id="threshold"
              type="range"
              min="-60"
              max="-12"
              step="1"
              .value=${String(this.mixer.ducking.thresholdDb)}
              @input=${(event: Event) => {
                const thresholdDb = Number((event.target as HTMLInputElement).value);
                this.studio.mix({ ducking: { ...DUCKING, ...this.mixer.ducking, thresholdDb } });
              }}
            />
          </div>
          <label class="check">
            <input
              id="processed"
              type="checkbox"
              .checked=${this.input.isProcessed}
              @change=${(event: Event) => {
                void this.studio.input.setProcessed((event.target as HTMLInputElement).checked);
              }}
            />
            Take out echo and noise
          </label>
          <label class="check">
            <input
              id="hear-voice"
              type="checkbox"
              .checked=${this.monitor}
              @change=${(event: Event) => {
                const { monitorMusic } = this.studio.state;
                this.studio.setMonitor(monitorMusic, (event.target as HTMLInputElement).checked);
              }}
            />
            Hear the input here (headphones!)
          </label>
        </div>
      </details>`;
  }

  #gain(id: string, words: string, gain: number, set: (gain: number) => void): TemplateResult {
    const decibels = Math.round(toDecibels(gain));
    return html`<div class="slider">
      <label for=${id}>${words}</label>
      <output for=${id}>${decibels > 0 ? "+" : ""}${decibels} dB</output>
      <input
        id=${id}
        type="range"
        min="-30"
        max="12"
        step="1"
        .value=${String(decibels)}
        @input=${(event: Event) => {
          set(fromDecibels(Number((event.target as HTMLInputElement).value)));
        }}
      />
    </div>`;
  }

  #turnOff(): void {
    this.studio.mix({ talking: false });
    this.studio.input.close();
  }

  readonly #press = (event: Event): void => {
    if (this.#isPressed) return;
    if (event instanceof PointerEvent) {
      if (event.button !== 0) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    } else {
      event.preventDefault();
    }
    this.#isPressed = true;
    this.#pressedAt = performance.now();
    this.#wasTalking = this.mixer.talking;
    if (!this.#wasTalking) this.studio.mix({ talking: true });
  };

  readonly #release = (event: Event): void => {
    if (!this.#isPressed) return;
    if (event instanceof KeyboardEvent) event.preventDefault();
    this.#isPressed = false;
    const wasHeld = performance.now() - this.#pressedAt > PUSH_MS;
    if (this.#wasTalking || wasHeld) this.studio.mix({ talking: false });
  };

  /** A click without a press before it, as screen readers make it. */
  readonly #click = (event: MouseEvent): void => {
    if (event.detail === 0) this.studio.mix({ talking: !this.mixer.talking });
  };
}

function isTalkKey({ key }: KeyboardEvent): boolean {
  return key === " " || key === "Enter";
}

customElements.define("sky-voice", SkyVoice);
