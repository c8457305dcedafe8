import type { Block } from "../../src/core/types.js";

/** The value of a sound at a moment, in seconds. */
export type Sound = (seconds: number) => number;

export function tone(hertz: number, amplitude = 0.5): Sound {
  return (seconds) => amplitude * Math.sin(2 * Math.PI * hertz * seconds);
}

/** A few tones that are no multiples of each other: never the same twice in a while. */
export const chord: Sound = (seconds) =>
  0.2 * Math.sin(2 * Math.PI * 220.3 * seconds) +
  0.2 * Math.sin(2 * Math.PI * 551.7 * seconds + 1) +
  0.1 * Math.sin(2 * Math.PI * 1_313.9 * seconds + 2);

/** How blocks of a sound are cut. */
export interface Cut {
  readonly sampleRate?: number;
  readonly samples?: number;
  /** Of frame 0, relay µs. */
  readonly origin?: number;
  readonly channels?: 1 | 2;
}

/** When frame `index` begins, without the rounding to whole µs. */
export function frameTime(index: number, cut: Cut = {}): number {
  const { sampleRate = 44_100, samples = 1_152, origin = ORIGIN } = cut;
  return origin + (index * samples * 1e6) / sampleRate;
}

/** A moment of today, as relay µs. */
export const ORIGIN = 1.8e15;

/** Frame `index` of a sound that begins with frame 0. */
export function blockOf(sound: Sound, index: number, cut: Cut = {}): Block {
  const { sampleRate = 44_100, samples = 1_152, channels = 1 } = cut;
  const data = new Float32Array(samples);
  for (let n = 0; n < samples; n++) data[n] = sound((index * samples + n) / sampleRate);
  return {
    seq: 1_000 + index,
    time: Math.round(frameTime(index, cut)),
    sampleRate,
    channels: channels === 1 ? [data] : [data, data.slice()],
    audible: true,
  };
}

/** 10 times the logarithm of signal over what differs from it. */
export function signalToNoise(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length || actual.length === 0) throw new Error("not comparable");
  let signal = 0;
  let noise = 0;
  expected.forEach((value, n) => {
    signal += value ** 2;
    noise += ((actual[n] ?? 0) - value) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

/** The largest bend of a waveform: how much the step from sample to sample changes at once. */
export function sharpestBend(samples: readonly number[]): number {
  let sharpest = 0;
  for (let n = 2; n < samples.length; n++) {
    const bend = (samples[n] ?? 0) - 2 * (samples[n - 1] ?? 0) + (samples[n - 2] ?? 0);
    sharpest = Math.max(sharpest, Math.abs(bend));
  }
  return sharpest;
}
