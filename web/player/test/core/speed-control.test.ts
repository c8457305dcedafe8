import { describe, expect, it } from "vitest";
import { SpeedControl } from "../../src/core/speed-control.js";

const STEP = 0.003;

/** Runs against clocks that part by `ppm`, of which `pull` is known; gives the errors, µs. */
function run(
  control: SpeedControl,
  seconds: number,
  ppm: number,
  pull = 0,
  error = 0,
): number[] {
  const errors = [error];
  for (let n = 0; n < seconds / STEP; n++) {
    error += (ppm / 1e6 - control.correction) * STEP * 1e6;
    control.run(error, STEP, pull / 1e6);
    errors.push(error);
  }
  return errors;
}

describe("the speed control", () => {
  it("needs no time to learn what is known already", () => {
    const errors = run(new SpeedControl(), 60, 300, 300);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(10);
  });

  it("mends an error without swinging to the other side", () => {
    const errors = run(new SpeedControl(), 120, 0, 0, 3_000);
    expect(Math.min(...errors)).toBeGreaterThan(-600);
    expect(Math.abs(errors.at(-1) ?? NaN)).toBeLessThan(20);
  });

  it("does not learn from an error that is past its power", () => {
    const control = new SpeedControl();
    const far = run(control, 15, 1_500).at(-1) ?? NaN;
    expect(far).toBeGreaterThan(14_000);
    const errors = run(control, 120, 0, 0, far);
    expect(Math.min(...errors)).toBeGreaterThan(-1_500);
  });

  it("keeps what it has learned when an error is forgiven", () => {
    const control = new SpeedControl();
    run(control, 120, -200);
    control.forgive();
    const errors = run(control, 60, -200);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(50);
  });
});
