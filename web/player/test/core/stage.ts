import { Renderer } from "../../src/core/renderer.js";
import type { Block } from "../../src/core/types.js";
import { ORIGIN } from "./signals.js";

const QUANTUM = 128;

/** A renderer and the context around it, quantum by quantum. */
export class Stage {
  readonly renderer: Renderer;
  readonly left: number[] = [];
  readonly right: number[] = [];
  frame = 0;

  constructor(
    readonly contextRate = 48_000,
    private readonly outputs = 2,
  ) {
    this.renderer = new Renderer(contextRate);
  }

  push(...blocks: readonly Block[]): void {
    for (const block of blocks) this.renderer.push(block);
  }

  /** Aims so that context frame `frame` is to render the frame time `time`. */
  aim(time: number, frame = this.frame, ppm = 0): void {
    this.renderer.aim({ frame, time, step: (1e6 / this.contextRate) * (1 + ppm / 1e6) });
  }

  /** Renders for so many seconds; gives the left channel's new samples. */
  run(seconds: number): number[] {
    const from = this.left.length;
    const until = this.frame + seconds * this.contextRate;
    while (this.frame < until) {
      const out = Array.from({ length: this.outputs }, () => new Float32Array(QUANTUM).fill(NaN));
      this.renderer.render(out, this.frame);
      this.left.push(...(out[0] ?? []));
      this.right.push(...(out[1] ?? []));
      this.frame += QUANTUM;
    }
    return this.left.slice(from);
  }

  get report(): ReturnType<Renderer["report"]> {
    return this.renderer.report(this.frame);
  }

  /** The frame time, in seconds since the first frame, that sounds at a context frame. */
  seconds(frame: number, startTime: number): number {
    return (startTime - ORIGIN) / 1e6 + frame / this.contextRate;
  }
}
