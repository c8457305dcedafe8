import type { Show } from "@skywave/client";
import type { Playlist } from "./playlist.js";

/** What a page that is loaded again needs to go on with the broadcast. */
export interface SavedStudio {
  /** Of the tab: its files are kept under it. */
  readonly key: string;
  readonly token?: string;
  readonly subject?: string;
  readonly playlist: Playlist;
  readonly crossfade: number;
  readonly kbps: 96 | 128 | 192 | 320;
  readonly station: string;
  readonly show: Show;
  /** Device of the input that was on. */
  readonly input?: string;
  /** There while on the air. */
  readonly live?: SavedLive;
}

/** A broadcast as it stood last. */
export interface SavedLive {
  /** ms of Unix time. */
  readonly startedAt: number;
  /** When this was saved, ms of Unix time. */
  readonly savedAt: number;
  /** The track that played, and how far, in seconds. */
  readonly track?: string;
  readonly position: number;
  readonly isPaused: boolean;
}

/** Past so much time, in ms, a broadcast is not taken up again without being asked. */
export const RESUME_WITHIN_MS = 60_000;

/** What to do with a saved broadcast. */
export type Resumption = "none" | "at-once" | "ask";

/**
 * @param isReload The page was loaded again, in the same tab; not opened anew.
 */
export function resumption(saved: SavedStudio, now: number, isReload: boolean): Resumption {
  if (!saved.live) return "none";
  const age = now - saved.live.savedAt;
  return isReload && age >= 0 && age < RESUME_WITHIN_MS ? "at-once" : "ask";
}

/** The saved text, `undefined` where it is not one of this version's. */
export function readSaved(text: string | null): SavedStudio | undefined {
  if (text === null) return undefined;
  try {
    const saved = JSON.parse(text) as { version?: unknown; studio?: SavedStudio };
    return saved.version === VERSION ? saved.studio : undefined;
  } catch {
    return undefined;
  }
}

export function writeSaved(studio: SavedStudio): string {
  return JSON.stringify({ version: VERSION, studio });
}

/** Raised where the shape of {@link SavedStudio} changes: an older page's is then left. */
const VERSION = 1;
