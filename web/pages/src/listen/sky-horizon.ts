import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { drawScene, Motion, readLook, type Look } from "./horizon-picture.js";
import { Pace } from "./pace.js";
import { stillWaves, Waves, type Wave } from "./waves.js";

/** What the picture shows: `still` waves, ones that `sound`, ones that `search`, or `none`. */
export type Sky = "still" | "sound" | "search" | "none";

/** A frame of the screen is asked for so long before a picture is due, in ms. */
const AHEAD_MS = 12;

/**
 * `<sky-horizon>`: the sun of a station and the waves that leave it. Fills its parent. The
 * sun stands over the middle, `--sun-rise` above the lower edge, `--sun-size` wide; the
 * button of the page is put over it. A picture only: screen readers pass it by. It moves
 * at the pace that the machine has time for, and only where it is seen.
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
      position: absolute;
      inset: 0;
      width: 100%;
      height: 100%;
    }

    .motion {
      height: calc(100% - var(--sun-rise));
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
    this.#lookChanged();
  });
  readonly #seen = new IntersectionObserver((entries) => {
    this.#isSeen = entries.at(-1)?.isIntersecting ?? true;
    this.#redraw();
  });
  /** Tells when the page is done with a picture: only then is it painted. */
  #painted: MessageChannel | undefined;
  #isSeen = true;
  #waves = new Waves();
  #pace = new Pace();
  #samples = new Float32Array(0);
  #look: Look | undefined;
  #motion: Motion | undefined;
  #begunAt = 0;
  #frame = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.analyser = undefined;
    this.sky = "still";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#painted = new MessageChannel();
    this.#painted.port1.onmessage = this.#rest;
    this.#resized.observe(this);
    this.#seen.observe(this);
    this.#calm.addEventListener("change", this.#lookChanged);
    this.#dark.addEventListener("change", this.#lookChanged);
  }

  override disconnectedCallback(): void {
    this.#resized.disconnect();
    this.#seen.disconnect();
    this.#calm.removeEventListener("change", this.#lookChanged);
    this.#dark.removeEventListener("change", this.#lookChanged);
    this.#halt();
    this.#painted?.port1.close();
    super.disconnectedCallback();
  }

  protected override render(): TemplateResult {
    return html`
      <canvas class="scene" aria-hidden="true"></canvas>
      <canvas class="motion" aria-hidden="true"></canvas>
      <i class="sun"></i>
    `;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("sky")) {
      if (this.sky === "sound") this.#waves = new Waves();
      if (this.sky === "none" || changed.get("sky") === "none") this.#look = undefined;
    }
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
    this.#halt();
    if (this.#isSeen) this.#ask();
  }

  #halt(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#begunAt = 0;
  }

  readonly #ask = (): void => {
    this.#pause = undefined;
    this.#frame = requestAnimationFrame(this.#draw);
  };

  readonly #draw = (now: number): void => {
    const begunAt = performance.now();
    const look = (this.#look ??= this.#prepare());
    if (!look || !this.#motion) return;
    if (this.sky === "sound" && this.#moves) {
      this.#sound(this.#motion, look, now);
    } else {
      this.#motion.draw(this.#waiting(look, now));
    }
    if (!this.#moves) return;
    this.#begunAt = begunAt;
    this.#painted?.port2.postMessage(undefined);
  };

  /** The pause until the next picture, after this one was painted. */
  readonly #rest = (): void => {
    // Halted, or halted and begun anew: another picture is on its way.
    if (this.#begunAt === 0 || this.#pause !== undefined) return;
    const cost = performance.now() - this.#begunAt;
    this.#begunAt = 0;
    this.#pace.spent(cost);
    this.#pause = setTimeout(this.#ask, this.#pace.intervalMs - AHEAD_MS - cost);
  };

  #prepare(): Look | undefined {
    const scene = this.renderRoot.querySelector<HTMLCanvasElement>(".scene");
    const motion = this.renderRoot.querySelector<HTMLCanvasElement>(".motion");
    const sun = this.renderRoot.querySelector<HTMLElement>(".sun");
    if (!scene || !motion || !sun || this.clientWidth === 0) return undefined;
    const look = readLook(this, sun);
    drawScene(scene, look, this.sky === "none" ? 0.35 : 1);
    this.#motion = new Motion(motion, look);
    return look;
  }

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

  #sound(motion: Motion, look: Look, now: number): void {
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
    motion.draw(this.#waves.under(look.reach, now), samples);
  }
}

customElements.define("sky-horizon", SkyHorizon);

declare global {
  interface HTMLElementTagNameMap {
    "sky-horizon": SkyHorizon;
  }
}
