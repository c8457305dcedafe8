import type { Wave } from "./waves.js";

/** Finer than that, nobody sees a difference in waves that move. */
const MAX_RATIO = 1.5;
/** How far the trace of the sound swings about the sun's edge, as a share of its radius. */
const SWING = 0.34;
const TRACE_GAP = 16;
const TRACE_POINTS = 180;
const STARS = 70;
const FAINTEST = 0.02;
/**
 * Waves are fainter above, where the words are: fully drawn up to the first height, as a
 * share of the horizon's, and a quarter as strong from the last on. In steps, because a
 * stroke with a gradient takes three times as long as a plain one.
 */
const BANDS = { first: 0.15, last: 0.55, steps: 5, above: 0.25 } as const;

/** What the picture is drawn to: sizes in CSS px, and colours. */
export interface Look {
  /** Canvas px a CSS px. */
  readonly ratio: number;
  readonly width: number;
  readonly height: number;
  /** The middle and the radius of the sun; the horizon is at `y`. */
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** From the sun's edge to the farthest corner. */
  readonly reach: number;
  /** Red, green, blue. */
  readonly wave: string;
  readonly glow: string;
  readonly ground: string;
  readonly hasStars: boolean;
}

/** Reads the look of an element that holds `sun`, as wide as the sun and as high as its rise. */
export function readLook(host: HTMLElement, sun: HTMLElement): Look {
  const style = getComputedStyle(host);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  const { clientWidth: width, clientHeight: height } = host;
  const radius = sun.offsetWidth / 2;
  const y = height - sun.offsetHeight;
  return {
    ratio: Math.min(devicePixelRatio, MAX_RATIO),
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

/** Draws what stands still, the height of the whole picture. `light`: of the sun, 0 to 1. */
export function drawScene(canvas: HTMLCanvasElement, look: Look, light: number): void {
  const picture = fit(canvas, look, look.height);
  if (!picture) return;
  if (look.hasStars) drawStars(picture, look);
  drawGlow(picture, look, light);
  drawGround(picture, look);
}

/**
 * What moves: the waves and the trace of the sound. Its canvas ends at the horizon, and a
 * picture of it has no gradient and fills no area, so that it is cheap without a graphics
 * processor too.
 */
export class Motion {
  readonly #picture: CanvasRenderingContext2D | null;
  readonly #look: Look;

  constructor(canvas: HTMLCanvasElement, look: Look) {
    this.#picture = fit(canvas, look, look.y);
    this.#look = look;
  }

  /** Draws waves, and round the sun the sound of this moment: `samples` from -1 to 1. */
  draw(waves: readonly Wave[], samples?: Float32Array): void {
    const picture = this.#picture;
    if (!picture) return;
    const { width, y, radius, reach, wave } = this.#look;
    picture.clearRect(0, 0, width, y);
    picture.strokeStyle = `rgb(${wave})`;
    for (const { distance, strength } of waves) {
      const fade = Math.max(0, 1 - distance / reach) ** 1.6;
      picture.lineWidth = 1 + 2 * strength * fade;
      this.#drawWave(picture, radius + distance, strength * fade * 0.85);
    }
    if (samples) this.#drawTrace(picture, samples);
  }

  #drawWave(picture: CanvasRenderingContext2D, distance: number, strength: number): void {
    const { x, y } = this.#look;
    let from = 0;
    for (let step = 0; step <= BANDS.steps && from < Math.PI / 2; step += 1) {
      const share = step / BANDS.steps;
      const height = y * (BANDS.first + (BANDS.last - BANDS.first) * share);
      const isLast = step === BANDS.steps || height >= distance;
      const to = isLast ? Math.PI / 2 : Math.asin(height / distance);
      const alpha = strength * (1 - (1 - BANDS.above) * share);
      if (alpha < FAINTEST) return;
      picture.globalAlpha = alpha;
      picture.beginPath();
      if (isLast) {
        picture.arc(x, y, distance, Math.PI + from, 2 * Math.PI - from);
      } else {
        picture.arc(x, y, distance, Math.PI + from, Math.PI + to);
        picture.moveTo(x + distance * Math.cos(to), y - distance * Math.sin(to));
        picture.arc(x, y, distance, -to, -from);
      }
      picture.stroke();
      from = to;
    }
  }

  #drawTrace(picture: CanvasRenderingContext2D, samples: Float32Array): void {
    const { x, y, radius } = this.#look;
    const points = Math.min(TRACE_POINTS, samples.length - 1);
    picture.globalAlpha = 0.95;
    picture.lineWidth = 2.2;
    picture.lineJoin = "round";
    picture.beginPath();
    for (let index = 0; index <= points; index += 1) {
      const sample = Math.max(-0.4, Math.min(1, samples[index] ?? 0));
      // A little below the horizon at both ends, where the canvas cuts it off.
      const angle = Math.PI * (0.96 + 1.08 * (index / points));
      const distance = radius + TRACE_GAP + sample * radius * SWING;
      picture.lineTo(x + Math.cos(angle) * distance, y + Math.sin(angle) * distance);
    }
    picture.stroke();
  }
}

/** Gives a canvas the size of the look, empty; its unit is the CSS px. */
function fit(
  canvas: HTMLCanvasElement,
  { ratio, width }: Look,
  height: number,
): CanvasRenderingContext2D | null {
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const picture = canvas.getContext("2d");
  picture?.scale(ratio, ratio);
  return picture;
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
