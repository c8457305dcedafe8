import type { PlayerState } from "./state.js";

/** What the keys and the lock screen of a machine ask for. */
export interface MediaKeys {
  play(): void;
  stop(): void;
}

interface AudioSession {
  type: string;
}

/**
 * Tells the browser that what sounds is music, so that a phone plays it on in silent mode
 * and in the background where it can. An iPhone still suspends a page's AudioContext when
 * the page is left for long; the player says so, and goes on when it is back.
 */
export function claimPlayback(): void {
  const { audioSession } = navigator as Navigator & { audioSession?: AudioSession };
  if (audioSession) audioSession.type = "playback";
}

/** Shows what plays on the lock screen, and takes its keys; `undefined` gives both back. */
export function showMediaSession(state: PlayerState | undefined, keys: MediaKeys): void {
  if (!("mediaSession" in navigator)) return;
  const session = navigator.mediaSession;
  const isOn = state !== undefined && state.status !== "idle" && state.status !== "failed";
  session.playbackState = isOn ? "playing" : state ? "paused" : "none";
  const play = () => {
    keys.play();
  };
  const stop = () => {
    keys.stop();
  };
  setHandler("play", state && play);
  setHandler("pause", state && stop);
  setHandler("stop", state && stop);
  if (!state || !("MediaMetadata" in globalThis)) {
    session.metadata = null;
    return;
  }
  const { title, show, channelId } = state;
  const station = show?.showTitle ?? channelId;
  const next = {
    title: title?.trackName ?? station,
    artist: title?.artistName ?? station,
    album: title?.albumName ?? station,
  };
  const shown = session.metadata;
  const isSame =
    shown?.title === next.title && shown.artist === next.artist && shown.album === next.album;
  if (!isSame) session.metadata = new MediaMetadata(next);
}

function setHandler(action: MediaSessionAction, handler: (() => void) | undefined): void {
  try {
    navigator.mediaSession.setActionHandler(action, handler ?? null);
  } catch {
    // This browser does not know the action.
  }
}
