import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { stillWaves, Waves, type Wave } from "./waves.js";

/** What the picture shows: `still` waves, ones that `sound`, ones that `search`, or `none`. */
export type Sky = "still" | "sound" | "search" | "none";

/** How far the trace of the sound swings about the sun's edge, as a share of its radius. */
const SWING = 0.34;
const TRACE_GAP = 16;
/** Where the ends of the trace are led into each other, as a share of its points. */
const SEAM = 0.12;
const STARS = 70;

/**
 * `<sky-horizon>`: the sun of a station and the waves that leave it. Fills its parent. The
 * sun stands over the middle, `--sun-rise` above the lower edge, `--sun-size` wide; the
 * button of the page is put over it. A picture only: screen readers pass it by.
 */
export class SkyHorizon extends LitElement {
  static override styles = css`
    :host {
      position: absolute;
      inset: 0;
      overflow: hidden;
      background: var(--sky-heaven);
      pointer-events: none;
    }

    canvas {
      display: block;
      width: 100%;
      height: 100%;
    }

    .sun {
      position: absolute;
      width: var(--sun-size);
      height: var(--sun-rise);
      visibility: hidden;
    }
  `;

  static override properties = {
    analyser: { attribute: false },
    sky: { type: String },
  };

  declare analyser: AnalyserNode | undefined;
  declare sky: Sky;

  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #resized = new ResizeObserver(() => {
    this.#look = undefined;
    this.#redraw();
  });
  #waves = new Waves();
  #samples = new Float32Array(0);
  #look: Look | undefined;
  #next = 0;

  constructor() {
    super();
    this.analyser = undefined;
    this.sky = "still";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resized.observe(this);
    this.#calm.addEventListener("change", this.#lookChanged);
    this.#dark.addEventListener("change", this.#lookChanged);
  }

  override disconnectedCallback(): void {
    this.#resized.disconnect();
    this.#calm.removeEventListener("change", this.#lookChanged);
    this.#dark.removeEventListener("change", this.#lookChanged);
    cancelAnimationFrame(this.#next);
    super.disconnectedCallback();
  }

  protected override render(): TemplateResult {
    return html`<canvas aria-hidden="true"></canvas><i class="sun"></i>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("sky") && this.sky === "sound") this.#waves = new Waves();
    this.#redraw();
  }

  get #moves(): boolean {
    return !this.#calm.matches && (this.sky === "search" || this.sky === "sound");
  }

  readonly #lookChanged = (): void => {
    this.#look = undefined;
    this.#redraw();
  };

  #redraw(): void {
    cancelAnimationFrame(this.#next);
    this.#next = requestAnimationFrame(this.#tick);
  }

  readonly #tick = (now: number): void => {
    const canvas = this.renderRoot.querySelector("canvas");
    const picture = canvas?.getContext("2d");
    if (!canvas || !picture || canvas.clientWidth === 0) return;
    const look = (this.#look ??= readLook(this, canvas, this.renderRoot.querySelector("i")));
    picture.setTransform(look.ratio, 0, 0, look.ratio, 0, 0);
    picture.clearRect(0, 0, look.width, look.height);
    if (look.hasStars) drawStars(picture, look);
    drawGlow(picture, look, this.sky === "none" ? 0.35 : 1);
    if (this.sky === "sound" && this.#moves) {
      this.#sound(picture, look, now);
    } else {
      drawWaves(picture, look, this.#waiting(look, now));
    }
    drawGround(picture, look);
    if (this.#moves) this.#next = requestAnimationFrame(this.#tick);
  };

  #waiting(look: Look, now: number): readonly Wave[] {
    const reach = look.reach * 0.55;
    if (this.sky === "none") return [];
    if (!this.#moves) return stillWaves(reach);
    // One faint wave after another goes out, as if to ask who is there.
    return [0, 1, 2].map((index) => {
      const share = (now / 3_600 + index / 3) % 1;
      return { distance: share * reach, strength: 0.55 * (1 - share) };
    });
  }

  #sound(picture: CanvasRenderingContext2D, look: Look, now: number): void {
    const { analyser } = this;
    if (!analyser) return;
    if (this.#samples.length !== analyser.fftSize) {
      this.#samples = new Float32Array(analyser.fftSize);
    }
    const samples = this.#samples;
    analyser.getFloatTimeDomainData(samples);
    let squares = 0;
    for (const sample of samples) squares += sample * sample;
    this.#waves.hear(Math.sqrt(squares / samples.length), now);
    drawWaves(picture, look, this.#waves.under(look.reach, now));
    drawTrace(picture, look, samples);
  }
}

/** Sizes in CSS px, and colours. */
interface Look {
  readonly ratio: number;
  readonly width: number;
  readonly height: number;
  /** The middle and the radius of the sun. */
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** From the sun's edge to the farthest corner. */
  readonly reach: number;
  readonly wave: string;
  readonly glow: string;
  readonly ground: string;
  readonly hasStars: boolean;
}

function readLook(host: HTMLElement, canvas: HTMLCanvasElement, sun: HTMLElement | null): Look {
  const style = getComputedStyle(host);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = Math.min(devicePixelRatio, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const radius = (sun?.offsetWidth ?? 0) / 2;
  const y = height - (sun?.offsetHeight ?? 0);
  return {
    ratio,
    width,
    height,
    x: width / 2,
    y,
    radius,
    reach: Math.hypot(width / 2, y) - radius,
    wave: value("--sky-wave"),
    glow: value("--sky-glow"),
    ground: value("--sky-bg"),
    hasStars: matchMedia("(prefers-color-scheme: dark)").matches,
  };
}

/** Stars at places that stay the same, fainter near the horizon. */
function drawStars(picture: CanvasRenderingContext2D, { width, height, y }: Look): void {
  for (let star = 1; star <= STARS; star += 1) {
    const across = (star * 0.618_034) % 1;
    const down = (star * 0.754_878) % 1;
    const light = ((star * 0.569_84) % 1) * (1 - down);
    picture.fillStyle = `rgb(255 255 255 / ${(light * 0.75).toFixed(3)})`;
    const size = light > 0.6 ? 1.8 : 1.1;
    picture.fillRect(across * width, down * Math.min(y, height), size, size);
  }
}

function drawGlow(picture: CanvasRenderingContext2D, look: Look, strength: number): void {
  const { x, y, radius, reach, glow: light } = look;
  const glow = picture.createRadialGradient(x, y, radius * 0.6, x, y, radius + reach * 0.62);
  glow.addColorStop(0, `rgb(${light} / ${0.6 * strength})`);
  glow.addColorStop(0.3, `rgb(${light} / ${0.22 * strength})`);
  glow.addColorStop(1, `rgb(${light} / 0)`);
  picture.fillStyle = glow;
  picture.fillRect(0, 0, look.width, look.height);
}

function drawWaves(picture: CanvasRenderingContext2D, look: Look, waves: readonly Wave[]): void {
  const { x, y, radius, reach, wave } = look;
  for (const { distance, strength } of waves) {
    const fade = (1 - distance / reach) ** 1.6;
    const alpha = strength * fade * 0.85;
    if (alpha < 0.01) continue;
    // Fainter above, where the words are.
    const light = picture.createLinearGradient(0, 0, 0, y);
    light.addColorStop(0.45, `rgb(${wave} / ${(alpha * 0.25).toFixed(3)})`);
    light.addColorStop(0.85, `rgb(${wave} / ${alpha.toFixed(3)})`);
    picture.strokeStyle = light;
    picture.lineWidth = 1 + 2.6 * strength * fade;
    picture.beginPath();
    picture.arc(x, y, radius + distance, Math.PI, 2 * Math.PI);
    picture.stroke();
  }
}

/** The sound of this moment, wound around the sun. */
function drawTrace(picture: CanvasRenderingContext2D, look: Look, samples: Float32Array): void {
  const { x, y, radius, wave } = look;
  const points = Math.min(360, samples.length);
  const seam = Math.round(points * SEAM);
  const at = (index: number): number => samples[Math.min(index, samples.length - 1)] ?? 0;
  picture.strokeStyle = `rgb(${wave} / 0.95)`;
  picture.lineWidth = 2.2;
  picture.lineJoin = "round";
  picture.beginPath();
  for (let index = 0; index <= points; index += 1) {
    const left = points - index;
    const blend = left < seam ? 1 - left / seam : 0;
    const sample = at(index) * (1 - blend) + at(0) * blend;
    const angle = Math.PI / 2 + (index / points) * 2 * Math.PI;
    const distance = radius + TRACE_GAP + Math.max(-0.4, Math.min(1, sample)) * radius * SWING;
    picture.lineTo(x + Math.cos(angle) * distance, y + Math.sin(angle) * distance);
  }
  picture.stroke();
}

/** The ground before the sun's waves, and the light along its edge. */
function drawGround(picture: CanvasRenderingContext2D, look: Look): void {
  const { width, height, x, y, wave, ground } = look;
  // The earth is round enough that its edge leaves the picture a little lower than the sun.
  const drop = Math.min(height - y, 26 + width / 60);
  const bow = (width * width) / (8 * drop) + drop / 2;
  picture.beginPath();
  picture.arc(x, y + bow, bow, 0, 2 * Math.PI);
  picture.fillStyle = ground;
  picture.fill();
  const light = picture.createLinearGradient(0, 0, width, 0);
  light.addColorStop(0.1, `rgb(${wave} / 0)`);
  light.addColorStop(0.5, `rgb(${wave} / 0.9)`);
  light.addColorStop(0.9, `rgb(${wave} / 0)`);
  picture.strokeStyle = light;
  picture.lineWidth = 1.5;
  picture.stroke();
  picture.fillStyle = ground;
  picture.fillRect(0, y + drop, width, height);
}

customElements.define("sky-horizon", SkyHorizon);

declare global {
  interface HTMLElementTagNameMap {
    "sky-horizon": SkyHorizon;
  }
}
