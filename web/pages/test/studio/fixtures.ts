import ffmpegV24 from "./files/ffmpeg-v24-no-info.mp3?inline";
import lameId3v1 from "./files/lame-id3v1.mp3?inline";
import lameLatin1 from "./files/lame-latin1.mp3?inline";
import lameUtf16 from "./files/lame-utf16.mp3?inline";
import lameVbr from "./files/lame-vbr-no-tag.mp3?inline";

function file(dataUrl: string): File {
  const bytes = Uint8Array.from(atob(dataUrl.split(",")[1] ?? ""), (c) => c.charCodeAt(0));
  return new File([bytes], "file.mp3");
}

/** Each holds the same 0.3 s: {@link CHIRP_SAMPLES} samples of a sweep, mono, 44.1 kHz. */
export const files = {
  ffmpegV24: () => file(ffmpegV24),
  lameId3v1: () => file(lameId3v1),
  lameLatin1: () => file(lameLatin1),
  lameUtf16: () => file(lameUtf16),
  lameVbr: () => file(lameVbr),
};

export const CHIRP_SAMPLES = 13_230;

/** The sweep from 300 to 2,000 Hz that the files were made of. */
export function chirp(): Float32Array {
  const seconds = CHIRP_SAMPLES / 44_100;
  return Float32Array.from({ length: CHIRP_SAMPLES }, (_, index) => {
    const t = index / 44_100;
    return 0.488 * Math.sin(2 * Math.PI * (300 * t + (1700 * t * t) / (2 * seconds)));
  });
}
