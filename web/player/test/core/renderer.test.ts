import { describe, expect, it } from "vitest";
import type { Block } from "../../src/core/types.js";
import { Random } from "./random.js";
import { blockOf, chord, frameTime, ORIGIN, sharpestBend, signalToNoise, tone } from "./signals.js";
import { Stage } from "./stage.js";

const RATE = 48_000;
/** Seconds of the fade at a beginning. */
const FADE = 0.005;

function frames(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

describe("the beginning", () => {
  it("is at the aim, to a fraction of a sample", () => {
    const stage = new Stage(RATE);
    const cut = { sampleRate: 48_000 };
    const start = frameTime(4, cut) + 7_123.25;
    stage.push(...frames(0, 60).map((index) => blockOf(chord, index, cut)));
    stage.aim(start);
    const heard = stage.run(1).slice(FADE * RATE);
    const expected = heard.map((_, n) => chord(stage.seconds(n, start) + FADE));
    expect(signalToNoise(heard, expected)).toBeGreaterThan(80);
    expect(Math.abs(stage.report.error)).toBeLessThan(1);
  });

  it("waits for content at the aim, then fades in", () => {
    const stage = new Stage(RATE);
    stage.push(...frames(10, 60).map((index) => blockOf(chord, index)));
    stage.aim(frameTime(10) - 100_000);
    const silence = stage.run(0.09);
    expect(silence.every((value) => value === 0)).toBe(true);
    expect(stage.report.time).toBeUndefined();
    stage.run(0.3);
    expect(stage.report).toMatchObject({ gaps: 0, resyncs: 0, late: 0, concealed: 0 });
    expect(stage.report.seq).toBeGreaterThan(1_010);
    expect(sharpestBend(stage.left)).toBeLessThan(3 * sharpestBendOf(chord));
  });

  it("is silent without an aim, and without blocks", () => {
    const stage = new Stage(RATE);
    stage.push(...frames(0, 20).map((index) => blockOf(chord, index)));
    expect(stage.run(0.1).every((value) => value === 0)).toBe(true);
    stage.renderer.clear();
    stage.aim(frameTime(4));
    expect(stage.run(0.1).every((value) => value === 0)).toBe(true);
    expect(stage.report).toMatchObject({ time: undefined, seq: undefined, gaps: 0 });
  });
});

describe("channels", () => {
  it("plays mono on both", () => {
    const stage = playing();
    expect(stage.right).toEqual(stage.left);
  });

  it("keeps left and right apart, and mixes them for a single output", () => {
    const cut = { sampleRate: 48_000 };
    const twoSided = frames(0, 40).map((index) => {
      const left = blockOf(tone(300), index, cut);
      const right = blockOf(tone(500), index, cut);
      return { ...left, channels: [...left.channels, ...right.channels] };
    });
    const wide = new Stage(RATE);
    const narrow = new Stage(RATE, 1);
    for (const stage of [wide, narrow]) {
      stage.push(...twoSided);
      stage.aim(frameTime(2, cut));
      stage.run(0.5);
    }
    const expected = (hertz: number): number[] =>
      wide.left.map((_, n) => tone(hertz)(wide.seconds(n, frameTime(2, cut))));
    const from = FADE * RATE;
    expect(signalToNoise(wide.left.slice(from), expected(300).slice(from))).toBeGreaterThan(80);
    expect(signalToNoise(wide.right.slice(from), expected(500).slice(from))).toBeGreaterThan(80);
    const mixed = wide.left.map((left, n) => (left + (wide.right[n] ?? 0)) / 2);
    expect(signalToNoise(narrow.left, mixed)).toBeGreaterThan(120);
  });
});

describe("joints", () => {
  it.each([
    [44_100, 1_152],
    [48_000, 1_152],
    [32_000, 1_152],
    [24_000, 576],
    [8_000, 576],
    [48_000, 1_152, 44_100],
    [22_050, 576, 96_000],
  ])("are sample by sample at %d Hz, whatever µs the times are off", (sampleRate, samples, rate = RATE) => {
    const cut = { sampleRate, samples };
    const stage = new Stage(rate);
    const start = frameTime(1, cut);
    const wobbles = [0, 9, -7, 12, -11, 3];
    stage.push(
      ...frames(0, 60).map((index) => {
        const block = blockOf(tone(440), index, cut);
        return { ...block, time: block.time + (wobbles[index % wobbles.length] ?? 0) };
      }),
    );
    stage.aim(start);
    const heard = stage.run(1).slice(FADE * rate);
    // The wobble of the times may bend the speed by some ppm, which costs phase, not purity.
    expect(sharpestBend(heard)).toBeLessThan(1.02 * sharpestBendOf(tone(440), rate));
    expect(stage.report).toMatchObject({ gaps: 0, resyncs: 0 });
  });

  it("follow times that are bent by 450 ppm against the samples", () => {
    const stage = new Stage(RATE);
    const errors: number[] = [];
    stage.aim(frameTime(4));
    for (const index of frames(0, 1_200)) {
      const block = blockOf(chord, index);
      stage.push({ ...block, time: Math.round(ORIGIN + (block.time - ORIGIN) * 1.00045) });
      const ready = (index - 20) * (1_152 / 44_100);
      if (stage.frame / RATE < ready) stage.run(ready - stage.frame / RATE);
      errors.push(Math.abs(stage.report.error));
    }
    expect(Math.max(...errors)).toBeLessThan(3_000);
    expect(Math.max(...errors.slice(-100))).toBeLessThan(1_500);
    expect(stage.report).toMatchObject({ gaps: 0, resyncs: 0 });
    expect(sharpestBend(stage.left.slice(RATE))).toBeLessThan(1.02 * sharpestBendOf(chord));
  });
});

describe("what is missing", () => {
  it("is faded out of and into, and counted", () => {
    const stage = playing((index) => index !== 20);
    expect(stage.report).toMatchObject({ gaps: 1, resyncs: 0, late: 0 });
    const lost = (1_152 / 44_100) * RATE;
    expect(stage.report.concealed).toBeGreaterThan(lost);
    expect(stage.report.concealed).toBeLessThan(lost + 0.02 * RATE);
    expect(sharpestBend(stage.left)).toBeLessThan(1.5 * sharpestBendOf(chord));
  });

  it("does not shift what comes after it", () => {
    const stage = playing((index) => index < 20 || index > 24);
    const tail = stage.left.slice(-RATE / 10);
    const from = stage.left.length - tail.length;
    const expected = tail.map((_, n) => chord(stage.seconds(from + n, frameTime(4))));
    expect(signalToNoise(tail, expected)).toBeGreaterThan(30);
    expect(Math.abs(stage.report.error)).toBeLessThan(20);
  });

  it("is silent where blocks are not audible, without a click and without counting them late", () => {
    const stage = new Stage(RATE);
    stage.push(
      ...frames(0, 40).map((index) => {
        const block = blockOf(chord, index);
        const garbage = block.channels.map((channel) => channel.map((_, n) => (n % 2 ? 0.9 : -0.9)));
        return index < 10 ? { ...block, audible: false, channels: garbage } : block;
      }),
    );
    stage.aim(frameTime(8));
    stage.run(0.5);
    const silent = Math.floor(((2 * 1_152) / 44_100) * RATE) - 128;
    expect(stage.left.slice(0, silent).every((value) => value === 0)).toBe(true);
    expect(sharpestBend(stage.left)).toBeLessThan(3 * sharpestBendOf(chord));
    expect(stage.report).toMatchObject({ gaps: 0, late: 0 });
  });

  it("is no gap where a block comes just before its moment", () => {
    const stage = new Stage(RATE);
    const length = 1_152 / 44_100;
    stage.push(blockOf(chord, 0), blockOf(chord, 1));
    stage.aim(frameTime(0));
    stage.run(2 * length - 0.009);
    for (const index of frames(2, 40)) {
      stage.push(blockOf(chord, index));
      const upTo = frameTime(index + 1) - 9_000;
      stage.run((upTo - (stage.report.time ?? 0)) / 1e6);
    }
    expect(stage.report).toMatchObject({ gaps: 0, late: 0, resyncs: 0 });
  });

  it("is lifted out of the fade without a click where it comes while fading", () => {
    const stage = new Stage(RATE);
    stage.push(...frames(0, 10).map((index) => blockOf(chord, index)));
    stage.aim(frameTime(0));
    stage.run((frameTime(10) - ORIGIN) / 1e6 - 0.0045);
    stage.push(...frames(10, 20).map((index) => blockOf(chord, index)));
    stage.run(0.2);
    expect(stage.report).toMatchObject({ gaps: 1, late: 0 });
    expect(stage.report.concealed).toBeLessThan(0.01 * RATE);
    expect(sharpestBend(stage.left)).toBeLessThan(1.5 * sharpestBendOf(chord));
  });

  it("is over, and not missing any more, after two seconds", () => {
    const stage = playing((index) => index < 15);
    stage.run(3);
    const { concealed } = stage.report;
    expect(concealed).toBeGreaterThan(1.9 * RATE);
    expect(concealed).toBeLessThan(2.1 * RATE);
    stage.run(1);
    expect(stage.report.concealed).toBe(concealed);
  });

  it("has come to an end while nothing more is there", () => {
    const stage = playing((index) => index < 15);
    expect(stage.report).toMatchObject({ time: undefined, seq: undefined, gaps: 1, buffered: 0 });
    expect(stage.left.slice(-1_000).every((value) => value === 0)).toBe(true);
  });
});

describe("the order of blocks", () => {
  it("does not matter, nor do duplicates", () => {
    const shuffled = new Stage(RATE);
    const all = frames(0, 80).map((index) => blockOf(chord, index));
    for (let n = 0; n < all.length; n += 4) {
      shuffled.push(...all.slice(n, n + 4).reverse(), ...all.slice(n, n + 2));
    }
    shuffled.aim(frameTime(4));
    shuffled.run(0.8);
    expect(shuffled.left).toEqual(playing().left);
  });

  it("is no matter for what comes after its moment: it is counted and left out", () => {
    const stage = playing((index) => index !== 20);
    const before = stage.left.length;
    stage.push(blockOf(chord, 20));
    expect(stage.report).toMatchObject({ late: 1, gaps: 1 });
    stage.run(0.05);
    expect(sharpestBend(stage.left.slice(before))).toBeLessThan(1.02 * sharpestBendOf(chord));
  });

  it("keeps five seconds at the most, and the newest of them", () => {
    const stage = new Stage(RATE);
    stage.push(...frames(0, 600).map((index) => blockOf(chord, index)));
    const kept = Math.floor(5 / (1_152 / 44_100));
    stage.aim(frameTime(600 - kept - 2));
    stage.run(0.02);
    expect(stage.report.time).toBeUndefined();
    stage.run(0.2);
    expect(stage.report.seq).toBeGreaterThan(1_000 + 600 - kept - 1);
    expect(stage.report.buffered).toBeLessThan(5e6);
  });

  it("ends in silence, not in a click, where what is playing has to go for newer blocks", () => {
    const stage = playing();
    stage.push(...frames(100, 620).map((index) => blockOf(chord, index)));
    stage.run(0.3);
    expect(stage.report.time).toBeUndefined();
    expect(sharpestBend(stage.left)).toBeLessThan(1.5 * sharpestBendOf(chord));
  });
});

describe("jumps", () => {
  it("are made past 20 ms of error, in a crossfade", () => {
    const stage = playing();
    stage.aim((stage.report.time ?? 0) + 60_000);
    stage.run(0.4);
    expect(stage.report).toMatchObject({ resyncs: 1, gaps: 0 });
    expect(Math.abs(stage.report.error)).toBeLessThan(100);
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
    const level = stage.left.slice(-0.35 * RATE);
    expect(Math.min(...peaks(level))).toBeGreaterThan(0.1);
  });

  it("go back into what was heard, when the delay grows", () => {
    const stage = playing();
    stage.aim((stage.report.time ?? 0) - 300_000);
    stage.run(0.3);
    expect(stage.report).toMatchObject({ resyncs: 1, gaps: 0, late: 0 });
    expect(Math.abs(stage.report.error)).toBeLessThan(100);
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("are made past 5 ms that last, and not for one wild aim", () => {
    const stage = new Stage(8_000);
    const cut = { sampleRate: 8_000, samples: 209 };
    const blocks = (from: number, to: number) =>
      frames(from, to).map((index) => blockOf(chord, index, cut));
    const aimAhead = (micros: number): void => {
      stage.aim((stage.report.time ?? 0) + micros);
    };
    stage.push(...blocks(0, 120));
    stage.aim(frameTime(4, cut));
    stage.run(0.5);
    aimAhead(4_500);
    stage.run(1.5);
    stage.push(...blocks(120, 240));
    expect(stage.report, "4.5 ms").toMatchObject({ resyncs: 0, gaps: 0 });
    aimAhead(12_000);
    stage.run(0.3);
    expect(stage.report, "one wild aim").toMatchObject({ resyncs: 0, gaps: 0 });
    aimAhead(0);
    stage.run(0.5);
    aimAhead(7_000);
    stage.run(2);
    expect(stage.report, "7 ms that last").toMatchObject({ resyncs: 1, gaps: 0 });
    expect(Math.abs(stage.report.error)).toBeLessThan(500);
  });

  it("wait until there is something at the aim", () => {
    const stage = playing();
    const far = frames(200, 260).map((index) => blockOf(chord, index));
    stage.aim(frameTime(205));
    stage.run(0.4);
    expect(stage.report).toMatchObject({ resyncs: 0, gaps: 0 });
    stage.push(...far);
    stage.run(0.1);
    expect(stage.report).toMatchObject({ resyncs: 1, gaps: 0 });
    expect(stage.report.seq).toBeGreaterThan(1_215);
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("are made at once where nothing sounds", () => {
    const stage = playing((index) => index < 15);
    stage.push(...frames(100, 140).map((index) => blockOf(chord, index)));
    stage.aim(frameTime(110));
    stage.run(0.1);
    expect(stage.report).toMatchObject({ resyncs: 1, gaps: 1 });
    expect(Math.abs(stage.report.error)).toBeLessThan(100);
  });

  it("are not made for a single wild aim", () => {
    const stage = playing();
    const time = stage.report.time ?? 0;
    stage.aim(time + 100_000);
    stage.run(0.005);
    stage.aim(time + 5_333);
    stage.run(0.2);
    expect(stage.report).toMatchObject({ resyncs: 0, gaps: 0 });
  });
});

describe("another beginning", () => {
  it("clears with a fade, and starts at the aim again", () => {
    const stage = playing();
    stage.renderer.clear();
    stage.run(0.05);
    expect(stage.report).toMatchObject({ time: undefined, gaps: 0, buffered: 0 });
    expect(stage.left.slice(-1_000).every((value) => value === 0)).toBe(true);
    stage.push(...frames(100, 140).map((index) => blockOf(chord, index)));
    stage.aim(frameTime(102));
    stage.run(0.3);
    expect(stage.report).toMatchObject({ gaps: 0, resyncs: 0 });
    expect(Math.abs(stage.report.error)).toBeLessThan(10);
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("clears again and again without a click", () => {
    const stage = playing();
    for (const turn of frames(0, 20)) {
      stage.renderer.clear();
      stage.push(...frames(30, 60).map((index) => blockOf(chord, index)));
      stage.run(turn % 2 ? 0.003 : 0.011);
    }
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it.each([
    ["numbers and clock from far before", -900_000, -3_600e6],
    ["numbers from far before, a later clock", -900, 3_600e6],
    ["later numbers, an earlier clock", 5_000, -3_600e6],
    ["later numbers and clock", 5_000, 3_600e6],
  ])("plays a relay that began anew, with %s", (_, seqs, micros) => {
    const stage = playing();
    const anew = frames(33, 80).map((index) => {
      const block = blockOf(chord, index);
      return { ...block, seq: block.seq + seqs, time: block.time + micros };
    });
    stage.aim(frameTime(32) + micros);
    stage.push(...anew);
    stage.run(0.4);
    expect(stage.report.seq).toBeGreaterThan(1_032 + seqs);
    expect(Math.abs(stage.report.error)).toBeLessThan(100);
    expect(stage.report).toMatchObject({ gaps: 0, late: 0 });
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("fades over a jump of time between consecutive frames", () => {
    const stage = new Stage(RATE);
    stage.push(
      ...frames(0, 60).map((index) => {
        const block = blockOf(chord, index);
        return index < 20 ? block : { ...block, time: block.time + 70_000 };
      }),
    );
    stage.aim(frameTime(4));
    stage.run(0.9);
    expect(stage.report).toMatchObject({ gaps: 1, resyncs: 0 });
    expect(Math.abs(stage.report.error)).toBeLessThan(100);
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("fades over a leap of numbers, though times go on", () => {
    const stage = new Stage(RATE);
    stage.push(
      ...frames(0, 60).map((index) => {
        const block = blockOf(chord, index);
        return index < 20 ? block : { ...block, seq: block.seq + 3 };
      }),
    );
    stage.aim(frameTime(4));
    stage.run(0.9);
    expect(stage.report).toMatchObject({ gaps: 1, resyncs: 0 });
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("does not keep what a clock that was ahead has left behind", () => {
    const stage = new Stage(8_000);
    const cut = { sampleRate: 8_000, samples: 209 };
    const back = { ...cut, origin: ORIGIN - 3_600e6 };
    stage.push(...frames(0, 150).map((index) => blockOf(chord, 9_000 + index, cut)));
    stage.aim(frameTime(30, back));
    for (const index of frames(0, 400)) {
      stage.push(blockOf(chord, index + 30, back));
      const ready = (index - 20) * (209 / 8_000);
      if (stage.frame / 8_000 < ready) stage.run(ready - stage.frame / 8_000);
    }
    expect(stage.report.seq).toBeGreaterThan(1_400);
    expect(stage.report).toMatchObject({ gaps: 0, resyncs: 0 });
    expect(stage.report.buffered).toBeLessThan(1e6);
  });

  it("goes on at another sample rate", () => {
    const stage = new Stage(RATE);
    const seam = frameTime(20);
    const cut = { sampleRate: 24_000, samples: 576, origin: seam };
    stage.push(...frames(0, 20).map((index) => blockOf(chord, index)));
    stage.push(
      ...frames(0, 40).map((index) => ({ ...blockOf(chord, index, cut), seq: 1_020 + index })),
    );
    stage.aim(frameTime(4));
    stage.run(1);
    expect(stage.report).toMatchObject({ resyncs: 0, late: 0 });
    expect(stage.report.seq).toBeGreaterThan(1_040);
    expect(sharpestBend(stage.left)).toBeLessThan(2 * sharpestBendOf(chord));
  });

  it("leaves out blocks that nobody could play", () => {
    const stage = new Stage(RATE);
    const good = blockOf(chord, 3);
    stage.push({ ...good, channels: [] }, { ...good, channels: [new Float32Array(0)] });
    stage.push({ ...good, sampleRate: 0 }, { ...good, sampleRate: 96_000 });
    stage.push({ ...good, channels: [new Float32Array(4), new Float32Array(5)] });
    stage.aim(frameTime(3));
    expect(stage.run(0.1).every((value) => value === 0)).toBe(true);
  });
});

describe("whatever happens", () => {
  it.each([1, 2, 3, 4, 5, 6])("there is no click (seed %d)", (seed) => {
    const random = new Random(seed);
    const stage = new Stage(RATE);
    let epoch = { seqs: 0, micros: 0 };
    let newest = 40;
    let moment = frameTime(20);
    stage.aim(moment);
    for (const turn of frames(0, 150)) {
      const blocks = frames(newest - 3, newest + 4)
        .filter(() => random.next() < 0.8)
        .map((index) => {
          const block = blockOf(chord, index);
          const audible = random.next() < 0.95;
          const channels = audible ? block.channels : [block.channels[0]?.map(() => 0.9) ?? []];
          const { seqs, micros } = epoch;
          return { ...block, audible, channels, seq: block.seq + seqs, time: block.time + micros };
        });
      if (random.next() < 0.3) blocks.reverse();
      stage.push(...(blocks as Block[]));
      if (random.next() < 0.05) stage.renderer.clear();
      if (random.next() < 0.02) newest += 300;
      if (random.next() < 0.03) {
        const micros = random.between(-1e10, 1e10);
        moment += micros - epoch.micros;
        epoch = { seqs: Math.round(random.between(-500, 500)), micros };
      }
      if (random.next() < 0.1) moment += random.between(-400_000, 400_000);
      stage.aim(moment + random.normal(1_000));
      const seconds = random.between(0.02, 0.12);
      stage.run(seconds);
      moment += seconds * 1e6;
      newest += Math.round(seconds / 0.026);
      if (turn % 10 === 0) moment = frameTime(newest - 8) + epoch.micros;
    }
    const loudest = Math.max(...peaks(stage.left));
    console.log(`bend ${sharpestBend(stage.left).toFixed(4)} of ${sharpestBendOf(chord).toFixed(4)}`);
    expect(stage.left.every(Number.isFinite)).toBe(true);
    expect(loudest).toBeGreaterThan(0.3);
    expect(loudest).toBeLessThan(0.8);
    expect(sharpestBend(stage.left)).toBeLessThan(2.5 * sharpestBendOf(chord));
    expect(stage.report.gaps).toBeGreaterThan(10);
  });
});

describe("the speed", () => {
  it.each([200, -400])("learns a drift of %d ppm and keeps in step", (ppm) => {
    const { stage, errors } = followed(60, () => 0, ppm);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(6_000);
    expect(Math.max(...errors.slice(-50).map(Math.abs))).toBeLessThan(200);
    expect(stage.report.ppm).toBeCloseTo(ppm, -1);
    expect(stage.report).toMatchObject({ resyncs: 0, gaps: 0 });
  });

  it("never leaves 500 ppm", () => {
    const { ppms } = followed(30, () => 15_000, 450);
    expect(Math.max(...ppms)).toBeLessThanOrEqual(500);
    expect(Math.max(...ppms)).toBeGreaterThan(499);
  });

  it("does not follow the noise of the aims", () => {
    const random = new Random(7);
    const noise = () => random.between(-6_000, 6_000);
    const { stage, errors, ppms } = followed(60, noise, 50);
    const late = errors.slice(errors.length / 3);
    const rms = Math.sqrt(late.reduce((sum, error) => sum + error ** 2, 0) / late.length);
    const steps = ppms.slice(1).map((ppm, n) => Math.abs(ppm - (ppms[n] ?? ppm)));
    console.log(`wander ${rms.toFixed(0)} µs rms, ${Math.max(...steps).toFixed(0)} ppm a step`);
    expect(rms).toBeLessThan(1_000);
    expect(stage.report.resyncs).toBe(0);
  });
});

/** A stage that has played `chord` for 0.8 s from frame 4 on, of 80 frames. */
function playing(has: (index: number) => boolean = () => true): Stage {
  const stage = new Stage(RATE);
  stage.push(
    ...frames(0, 80)
      .filter(has)
      .map((index) => blockOf(chord, index)),
  );
  stage.aim(frameTime(4));
  stage.run(0.8);
  return stage;
}

/** Plays for `seconds`, aimed each 200 ms with some noise; gives the true errors each 200 ms. */
function followed(
  seconds: number,
  noise: () => number,
  ppm: number,
): { stage: Stage; errors: number[]; ppms: number[] } {
  const rate = 8_000;
  const cut = { sampleRate: rate, samples: 209 };
  const stage = new Stage(rate);
  const errors: number[] = [];
  const ppms: number[] = [];
  let index = 0;
  const truth = (frame: number): number =>
    frameTime(4, cut) + (frame / rate) * 1e6 * (1 + ppm / 1e6);
  stage.aim(truth(0));
  for (let turn = 0; turn < seconds * 5; turn++) {
    for (; frameTime(index, cut) < truth(stage.frame) + 500_000; index++) {
      stage.push(blockOf(() => 0, index, cut));
    }
    if (turn > 0) stage.aim(truth(stage.frame) + noise());
    stage.run(0.2);
    const { time, ppm: now } = stage.report;
    if (time !== undefined) errors.push(truth(stage.frame) - time);
    ppms.push(now);
  }
  expect(errors.length).toBeGreaterThan(seconds * 4);
  return { stage, errors, ppms };
}

function sharpestBendOf(sound: (seconds: number) => number, rate = RATE): number {
  return sharpestBend(Array.from({ length: rate }, (_, n) => sound(n / rate)));
}

/** The loudest sample of each 20 ms. */
function peaks(samples: readonly number[]): number[] {
  const span = RATE / 50;
  const peaks: number[] = [];
  for (let n = 0; n + span <= samples.length; n += span) {
    peaks.push(Math.max(...samples.slice(n, n + span).map(Math.abs)));
  }
  return peaks;
}
