import { output } from "./programs.js";
import { randomFrom } from "./random.js";
import { SAMPLE_RATE } from "./recording.js";

/** Sample rate of the MP3s, Hz: not the sound card's, so that players have to resample. */
export const SOURCE_RATE = 44_100;
/** Samples of one MPEG-1 frame. */
export const FRAME_SAMPLES = 1152;
/** Peak of the signal, of a full scale of 1. */
export const LEVEL = 0.4;
const LOWEST_HZ = 700;
const HIGHEST_HZ = 3_400;
/** The pitch goes to another random one in this time, s. */
const GLIDE = 0.02;

/**
 * A tone of constant loudness whose pitch wanders at random. No two moments of it are alike,
 * so correlation tells to microseconds which moment is heard; its level is the same
 * everywhere, so a gap shows as a dip; and it has nothing above 4 kHz, so a click shows as
 * energy up there.
 */
export function wander(seconds: number, seed: number, rate = SOURCE_RATE): Float32Array {
  const random = randomFrom(seed);
  const pitch = (): number => LOWEST_HZ + (HIGHEST_HZ - LOWEST_HZ) * random();
  const samples = new Float32Array(Math.round(seconds * rate));
  const glide = Math.round(GLIDE * rate);
  let from = pitch();
  let to = pitch();
  let phase = 0;
  for (let n = 0; n < samples.length; n++) {
    const way = (n % glide) / glide;
    if (n > 0 && n % glide === 0) {
      from = to;
      to = pitch();
    }
    // Half a cosine, so that the pitch has no corner.
    const hz = from + (to - from) * (0.5 - 0.5 * Math.cos(Math.PI * way));
    phase = (phase + (2 * Math.PI * hz) / rate) % (2 * Math.PI);
    samples[n] = LEVEL * Math.sin(phase);
  }
  return samples;
}

/** What is put on the air, and what it sounds like. */
export interface Source {
  /** MP3 frames without a tag or an information frame: frame `n` is the n-th in the file. */
  readonly mp3: Uint8Array;
  /** Each frame's first byte in `mp3`. */
  readonly offsets: readonly number[];
  /** What a neutral decoder makes of it, mono, at {@link SAMPLE_RATE}; frame 0 begins it. */
  readonly samples: Float32Array;
}

/** Encodes the signal with lame, and has ffmpeg decode it. */
export async function makeSource(seconds: number, seed = 1): Promise<Source> {
  const mp3 = await encode(wander(seconds, seed));
  return { mp3, offsets: frameOffsets(mp3), samples: await decode(mp3) };
}

/** Sources one after another, as one: what a playlist of them sounds like. */
export async function joined(sources: readonly Source[]): Promise<Source> {
  const mp3 = Buffer.concat(sources.map((source) => source.mp3));
  return { mp3, offsets: frameOffsets(mp3), samples: await decode(mp3) };
}

/** Where in the source, in seconds, a frame begins. */
export function frameStart(frame: number): number {
  return (frame * FRAME_SAMPLES) / SOURCE_RATE;
}

/** Mono samples at {@link SOURCE_RATE} to MP3 of 128 kbit/s. */
export function encode(samples: Float32Array): Promise<Uint8Array> {
  const raw = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, n) => raw.writeInt16LE(Math.round(sample * 32_767), n * 2));
  const input = ["-r", "-s", "44.1", "--signed", "--little-endian", "--bitwidth", "16", "-m", "m"];
  // `-t`: no information frame, which players would take for a frame that says how much to
  // leave out at the beginning.
  return output("lame", [...input, "-t", "-b", "128", "--cbr", "--quiet", "-", "-"], raw);
}

/** MP3 to mono samples at {@link SAMPLE_RATE}. */
export async function decode(mp3: Uint8Array): Promise<Float32Array> {
  const to = ["-f", "f32le", "-ac", "1", "-ar", String(SAMPLE_RATE), "-"];
  const raw = await output("ffmpeg", ["-v", "error", "-f", "mp3", "-i", "-", ...to], mp3);
  const samples = new Float32Array(Math.floor(raw.length / 4));
  for (let n = 0; n < samples.length; n++) samples[n] = raw.readFloatLE(n * 4);
  return samples;
}

/** Cuts MPEG-1 Layer III of a constant bit rate into frames (ISO/IEC 11172-3, 2.4.2.3). */
function frameOffsets(mp3: Uint8Array): number[] {
  const kbps = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
  const rates = [44_100, 48_000, 32_000];
  const offsets: number[] = [];
  for (let at = 0; at + 4 <= mp3.length; ) {
    const flags = mp3[at + 2] ?? 0;
    const rate = rates[(flags >> 2) & 3];
    const bits = kbps[flags >> 4];
    if (mp3[at] !== 0xff || !rate || !bits) throw new Error(`no MP3 frame at byte ${at}`);
    const length = Math.floor((144_000 * bits) / rate) + ((flags >> 1) & 1);
    if (at + length > mp3.length) break;
    offsets.push(at);
    at += length;
  }
  return offsets;
}
