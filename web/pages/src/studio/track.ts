import { createDecoder, type Decoder } from "../../../player/src/decoder.js";
import { measure, readMp3, soundFrames, type Mp3Facts } from "./core/mp3-file.js";
import { RateConverter, type Stereo } from "./core/rate.js";

/** Frames decoded before a place in the file, so that the bit reservoir is filled there. */
const WARM_UP_FRAMES = 12;
/** Most frames in the decoder at once. */
const IN_DECODER = 48;
/** Sample frames in a piece of a track that was decoded as a whole. */
const PIECE = 16_384;

/** A track's sound at the mixer's rate. */
export interface Sound {
  /** Length of the whole track, in sample frames. */
  readonly total: number;
  /** Where in it the sound begins. */
  readonly position: number;
  /** Pieces, in order, made as they are asked for. */
  readonly pieces: AsyncIterable<Stereo>;
}

/**
 * Opens an MP3 file from `at` seconds on. Holds a few slices and decoded frames of it at a
 * time, however long it is; encoder delay and padding are cut off.
 *
 * @param onDamage Told how many frames could not be decoded; silence is in their place.
 * @throws Error The file is no MP3, or has no sound.
 */
export async function openMp3(
  file: File,
  at: number,
  sampleRate: number,
  onDamage: (frames: number) => void,
): Promise<Sound> {
  const facts = await factsOf(file);
  const trim = await measure(file, facts);
  const { samples, sampleRate: fileRate } = facts.header;
  const skipped = Math.min(trim.length, Math.round(at * fileRate));
  const from = trim.start + skipped;
  const end = trim.start + trim.length;
  const warmUp = Math.floor(from / samples) - WARM_UP_FRAMES;
  const converter = new RateConverter(fileRate, sampleRate);

  async function* pieces(): AsyncGenerator<Stereo> {
    const done: Stereo[] = [];
    let reached = from;
    let damaged = 0;
    const decoder: Decoder = createDecoder({
      onBlock: ({ seq, channels }) => {
        const first = seq * samples;
        const [left = new Float32Array(0), right = left] = channels;
        const begin = Math.max(first, reached);
        const stop = Math.min(first + left.length, end);
        if (stop <= begin) return;
        // Frames that did not decode are silent, so that all else keeps its place.
        if (begin > reached) done.push(converter.push(silence(begin - reached)));
        done.push(
          converter.push({
            left: owned(left, begin - first, stop - first),
            right: owned(right, begin - first, stop - first),
          }),
        );
        reached = stop;
      },
      onError: () => {
        const lost = decoder.lost - damaged;
        damaged = decoder.lost;
        onDamage(lost);
      },
    });
    try {
      let seq = 0;
      for await (const { bytes } of soundFrames(file, facts)) {
        if (seq >= warmUp) decoder.decode({ seq, time: seq * samples, data: bytes }, true);
        seq += 1;
        while (decoder.pending >= IN_DECODER) await settle();
        if (done.length > 0) yield* done.splice(0);
        if (reached >= end) break;
      }
      await decoder.drain();
      yield* done.splice(0);
      yield converter.finish();
    } finally {
      decoder.close();
    }
  }

  const scale = sampleRate / fileRate;
  return {
    total: Math.ceil(trim.length * scale),
    position: Math.floor(skipped * scale),
    pieces: pieces(),
  };
}

/** Sound that was decoded as a whole, from `at` seconds on. */
export function openSamples(
  left: Float32Array<ArrayBuffer>,
  right: Float32Array<ArrayBuffer>,
  at: number,
  sampleRate: number,
): Sound {
  const position = Math.min(left.length, Math.round(at * sampleRate));
  async function* pieces(): AsyncGenerator<Stereo> {
    for (let from = position; from < left.length; from += PIECE) {
      yield await Promise.resolve({
        left: left.slice(from, from + PIECE),
        right: right.slice(from, from + PIECE),
      });
    }
  }
  return { total: left.length, position, pieces: pieces() };
}

async function factsOf(file: File): Promise<Mp3Facts> {
  const facts = await readMp3(file);
  if (!facts) throw new Error("there is no MP3 sound in it");
  return facts;
}

function owned(samples: Float32Array, from: number, to: number): Float32Array<ArrayBuffer> {
  return new Float32Array(samples.subarray(from, to));
}

function silence(length: number): Stereo {
  return { left: new Float32Array(length), right: new Float32Array(length) };
}

/** Lets the decoder's outputs come in. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 4);
  });
}
