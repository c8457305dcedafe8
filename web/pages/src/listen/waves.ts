/** Between two waves, in ms. */
const PERIOD_MS = 250;
/** How fast waves leave the sun, in px a ms. */
const SPEED = 0.085;
/** How fast the usual level follows the level, as a share a wave. */
const FOLLOW = 0.06;
/** A level that many dB above the usual one makes the strongest wave. */
const SPAN_DB = 9;
const SILENCE_DB = -55;

/** One wave: how far it has come from the sun's edge in px, and how strong it is, 0 to 1. */
export interface Wave {
  readonly distance: number;
  readonly strength: number;
}

/**
 * The waves that leave the sun, one for each moment of the music: a loud moment makes a
 * strong one, which keeps its strength on its way out. Holds no more waves than fit
 * between the sun and the farthest corner.
 */
export class Waves {
  #sent: { readonly at: number; readonly strength: number }[] = [];
  #usualDb: number | undefined;
  #loudest = 0;
  #due: number | undefined;

  /** Takes the amplitude (root mean square, 0 to 1) at a moment in ms. */
  hear(amplitude: number, now: number): void {
    this.#loudest = Math.max(this.#loudest, amplitude);
    this.#due ??= now;
    if (now < this.#due) return;
    // After a pause, waves go on from now instead of catching up.
    const at = now - this.#due > 4 * PERIOD_MS ? now : this.#due;
    this.#due = at + PERIOD_MS;
    this.#sent.push({ at, strength: this.#strength(this.#loudest) });
    this.#loudest = 0;
  }

  /** The waves on their way at a moment, nearest first; those farther than `reach` are gone. */
  under(reach: number, now: number): readonly Wave[] {
    this.#sent = this.#sent.filter(({ at }) => (now - at) * SPEED <= reach);
    return this.#sent
      .map(({ at, strength }) => ({ distance: (now - at) * SPEED, strength }))
      .reverse();
  }

  #strength(amplitude: number): number {
    const db = 20 * Math.log10(Math.max(amplitude, 1e-6));
    if (db <= SILENCE_DB) return 0;
    const usual = this.#usualDb ?? db;
    this.#usualDb = usual + (db - usual) * FOLLOW;
    return Math.min(1, Math.max(0.08, 0.4 + (0.6 * (db - usual)) / SPAN_DB));
  }
}

/** Waves that stand still: what is drawn where nothing sounds, or nothing should move. */
export function stillWaves(reach: number, count = 7): readonly Wave[] {
  return Array.from({ length: count }, (_, index) => {
    const share = (index + 1) / count;
    return { distance: reach * share ** 1.35, strength: 0.42 * (1 - share) + 0.1 };
  });
}
