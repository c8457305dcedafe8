import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { base } from "./styles.js";

/** The lowest level that shows, in dB of full scale. */
const FLOOR_DB = -60;
/** How fast the bar falls, and the peak mark after its hold, in dB a second. */
const FALL_DB = 36;
const PEAK_FALL_DB = 14;
const PEAK_HOLD_MS = 1_200;
/** Between two pictures where motion is not wanted, and between two values told in words. */
const CALM_MS = 250;
const TELL_MS = 1_000;

/**
 * `<sky-meter>`: a level meter in dB of full scale. Fed by an `analyser`, or by `level` and
 * `peak`, amplitudes from 0 to 1 (above 1 is clipped).
 */
export class SkyMeter extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        display: block;
        height: 10px;
        min-width: 40px;
      }

      canvas {
        display: block;
        width: 100%;
        height: 100%;
        border-radius: 999px;
      }
    `,
  ];

  static override properties = {
    analyser: { attribute: false },
    level: { type: Number },
    peak: { type: Number },
    label: { type: String },
  };

  declare analyser: AnalyserNode | undefined;
  /** Amplitude now, 0 to 1. */
  declare level: number;
  /** Highest amplitude since the last one told, 0 to 1; default `level`. */
  declare peak: number | undefined;
  /** What is measured, for screen readers. */
  declare label: string;

  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #samples = new Float32Array(0);
  #shownDb = FLOOR_DB;
  #peakDb = FLOOR_DB;
  #peakAt = 0;
  #drawnAt = 0;
  #toldAt = 0;
  #next = 0;

  constructor() {
    super();
    this.analyser = undefined;
    this.level = 0;
    this.peak = undefined;
    this.label = "Level";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#next = requestAnimationFrame(this.#tick);
  }

  override disconnectedCallback(): void {
    cancelAnimationFrame(this.#next);
    super.disconnectedCallback();
  }

  protected override shouldUpdate(changed: PropertyValues<this>): boolean {
    // A new level is drawn by the next tick and changes nothing in the template.
    return !this.hasUpdated || changed.has("label");
  }

  protected override render(): TemplateResult {
    return html`<canvas
      role="meter"
      aria-label=${this.label}
      aria-valuemin=${FLOOR_DB}
      aria-valuemax="0"
      aria-valuenow=${FLOOR_DB}
    ></canvas>`;
  }

  readonly #tick = (now: number): void => {
    this.#next = requestAnimationFrame(this.#tick);
    const passed = now - this.#drawnAt;
    if (this.#calm.matches && passed < CALM_MS) return;
    this.#drawnAt = now;
    const { level, peak } = this.#measure();
    const fallen = Math.min(passed, 1_000) / 1_000;
    this.#shownDb = Math.max(decibels(level), this.#shownDb - FALL_DB * fallen);
    const peakDb = decibels(peak);
    if (peakDb >= this.#peakDb) {
      this.#peakDb = peakDb;
      this.#peakAt = now;
    } else if (now - this.#peakAt > PEAK_HOLD_MS) {
      this.#peakDb = Math.max(peakDb, this.#peakDb - PEAK_FALL_DB * fallen);
    }
    const canvas = this.renderRoot.querySelector("canvas");
    if (!canvas) return;
    this.#draw(canvas);
    if (now - this.#toldAt >= TELL_MS) {
      this.#toldAt = now;
      const value = Math.round(this.#shownDb);
      canvas.setAttribute("aria-valuenow", String(Math.min(value, 0)));
      canvas.setAttribute("aria-valuetext", value <= FLOOR_DB ? "silent" : `${value} decibels`);
    }
  };

  #measure(): { readonly level: number; readonly peak: number } {
    const { analyser } = this;
    if (!analyser) return { level: this.level, peak: Math.max(this.level, this.peak ?? 0) };
    if (this.#samples.length !== analyser.fftSize) {
      this.#samples = new Float32Array(analyser.fftSize);
    }
    analyser.getFloatTimeDomainData(this.#samples);
    let squares = 0;
    let peak = 0;
    for (const sample of this.#samples) {
      squares += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    return { level: Math.sqrt(squares / this.#samples.length), peak };
  }

  #draw(canvas: HTMLCanvasElement): void {
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    const height = Math.round(canvas.clientHeight * devicePixelRatio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const picture = canvas.getContext("2d");
    if (!picture || width === 0) return;
    const look = getComputedStyle(this);
    const colour = (name: string): string => look.getPropertyValue(name).trim();
    picture.fillStyle = colour("--sky-raised");
    picture.fillRect(0, 0, width, height);
    const zones = [
      { from: FLOOR_DB, to: -12, fill: colour("--sky-good") },
      { from: -12, to: -3, fill: colour("--sky-warn") },
      { from: -3, to: 0, fill: colour("--sky-bad") },
    ];
    for (const { from, to, fill } of zones) {
      const end = Math.min(this.#shownDb, to);
      if (end <= from) break;
      picture.fillStyle = fill;
      picture.fillRect(share(from) * width, 0, (share(end) - share(from)) * width, height);
    }
    if (this.#peakDb > FLOOR_DB) {
      const mark = Math.max(2, Math.round(2 * devicePixelRatio));
      picture.fillStyle = this.#peakDb >= 0 ? colour("--sky-bad") : colour("--sky-text");
      picture.fillRect(Math.min(share(this.#peakDb), 1) * (width - mark), 0, mark, height);
    }
  }
}

/** An amplitude in dB of full scale, not below the floor. */
function decibels(amplitude: number): number {
  return Math.max(FLOOR_DB, 20 * Math.log10(Math.max(amplitude, 1e-6)));
}

/** The part of the meter's length that a level fills. */
function share(db: number): number {
  return (db - FLOOR_DB) / -FLOOR_DB;
}

customElements.define("sky-meter", SkyMeter);

declare global {
  interface HTMLElementTagNameMap {
    "sky-meter": SkyMeter;
  }
}
