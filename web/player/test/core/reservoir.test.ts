import { describe, expect, it } from "vitest";
import { Reservoir } from "../../src/core/reservoir.js";
import { mainData } from "../../src/core/side-info.js";
import { frameOf } from "./frames.js";

describe("the side information", () => {
  it.each([
    [{}, 511, 417 - 4 - 32, 2],
    [{ mono: true }, 300, 417 - 4 - 17, 2],
    [{ crc: true }, 1, 417 - 6 - 32, 2],
    [{ version: 2 }, 255, 417 - 4 - 17, 1],
    [{ version: 2.5, mono: true, crc: true }, 7, 417 - 6 - 9, 1],
  ] as const)("of %o is read behind header and CRC", (kind, reach, bytes, granules) => {
    expect(mainData(frameOf(reach, 417, kind))).toEqual({ reach, bytes, granules });
  });

  it("is missing from what is no whole Layer III frame", () => {
    const frame = frameOf(10, 417);
    expect(mainData(frame.subarray(0, 35))).toBeUndefined();
    expect(mainData(frame.subarray(0, 3))).toBeUndefined();
    expect(mainData(new Uint8Array(417))).toBeUndefined();
    const layer2 = Uint8Array.of(0xff, 0xfd, ...frame.subarray(2));
    const reserved = Uint8Array.of(0xff, 0xeb, ...frame.subarray(2));
    expect(mainData(layer2)).toBeUndefined();
    expect(mainData(reserved)).toBeUndefined();
  });
});

describe("the bit reservoir", () => {
  it("makes the frames right after the one whose reach and transform are whole", () => {
    expect(run([0, 0, 0])).toEqual([false, true, true]);
    expect(run([200, 200, 200, 200])).toEqual([false, false, true, true]);
  });

  it("fills over as many frames as a long reach takes", () => {
    // 100 bytes of main data a frame: 511 are there before the seventh.
    const short = 100 + 4 + 32;
    expect(run([511, 511, 511, 511, 511, 511, 511, 511, 511], short)).toEqual([
      ...Array<boolean>(7).fill(false),
      true,
      true,
    ]);
  });

  it("takes one frame more where a frame is a single granule", () => {
    const reservoir = new Reservoir();
    const frame = frameOf(0, 209, { version: 2 });
    expect([1, 2, 3, 4].map(() => reservoir.push(frame, false))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("is empty after a discontinuity, and after what is no frame", () => {
    const reservoir = new Reservoir();
    const frame = frameOf(100, 417);
    for (let n = 0; n < 4; n++) reservoir.push(frame, false);
    expect(reservoir.push(frame, false)).toBe(true);
    expect(reservoir.push(frame, true)).toBe(false);
    expect(reservoir.push(frame, false)).toBe(false);
    expect(reservoir.push(frame, false)).toBe(true);
    expect(reservoir.push(new Uint8Array(417), false)).toBe(false);
    expect(reservoir.push(frame, false)).toBe(false);
  });

  it("loses the frame after one that reached too far", () => {
    expect(run([0, 0, 0, 511, 0, 0], 136)).toEqual([false, true, true, false, false, true]);
  });
});

function run(reaches: readonly number[], bytes = 417): boolean[] {
  const reservoir = new Reservoir();
  return reaches.map((reach) => reservoir.push(frameOf(reach, bytes), false));
}
