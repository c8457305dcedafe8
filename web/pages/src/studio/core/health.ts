/** What the upload's health is judged by. */
export interface UploadFigures {
  readonly isConnected: boolean;
  readonly kbps: number;
  readonly roundTripMs: number | undefined;
  readonly queuedBytes: number;
  /** Bytes dropped in the last seconds. */
  readonly droppedBytes: number;
  /** Time to encode a frame, and how long a frame plays: ms. */
  readonly encodeMs: number;
  readonly frameMs: number;
  /** Sample frames the encoder was too slow for, in the last seconds. */
  readonly lostFrames: number;
}

/** How the upload does, in words. */
export interface Health {
  readonly grade: "good" | "fair" | "poor";
  readonly words: string;
}

/** Judges the upload: the worst thing is told first. */
export function uploadHealth(figures: UploadFigures): Health {
  const { isConnected, kbps, roundTripMs = 0, queuedBytes, droppedBytes } = figures;
  const queuedSeconds = (queuedBytes * 8) / (kbps * 1000);
  if (!isConnected) {
    return { grade: "poor", words: "No connection. Trying to get it back; listeners wait." };
  }
  if (figures.lostFrames > 0) {
    return { grade: "poor", words: "This computer is too busy: sound was left out." };
  }
  if (droppedBytes > 0) {
    return { grade: "poor", words: "The network is too slow: sound was left out." };
  }
  if (queuedSeconds > 0.75) {
    return { grade: "fair", words: "The network is behind. Listeners may hear gaps." };
  }
  if (figures.encodeMs > figures.frameMs / 2) {
    return { grade: "fair", words: "This computer is nearly too busy to encode the sound." };
  }
  if (roundTripMs > 400) {
    return { grade: "fair", words: "The relay is far away, but the sound gets through." };
  }
  return { grade: "good", words: "Everything gets through." };
}
