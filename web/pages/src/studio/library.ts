import type { Track } from "./core/playlist.js";
import { WHOLE_BYTES, WHOLE_SECONDS, type Desk } from "./desk.js";
import type { FileStore } from "./file-store.js";
import type { Source } from "./messages.js";

/** A browser that cannot read a file may say nothing at all: so long is waited, ms. */
const PATIENCE_MS = 8_000;

/** The files behind a playlist's tracks. */
export class Library {
  readonly #desk: Desk;
  readonly #store: FileStore;
  readonly #files = new Map<string, File>();

  constructor(desk: Desk, store: FileStore) {
    this.#desk = desk;
    this.#store = store;
  }

  has(id: string): boolean {
    return this.#files.has(id);
  }

  /** Fetches what was kept over a reload. */
  async restore(): Promise<void> {
    for (const [id, file] of await this.#store.all()) this.#files.set(id, file);
  }

  /**
   * Takes a file, and has it read: its facts come from the deck worker.
   *
   * @returns Whether it could be kept for a reload.
   */
  add(id: string, file: File): Promise<boolean> {
    this.#files.set(id, file);
    this.#desk.toDecks({ type: "read", id, file });
    return this.#store.put(id, file);
  }

  remove(id: string): void {
    const file = this.#files.get(id);
    this.#files.delete(id);
    if (file) this.#store.remove(id, file.size).catch(() => undefined);
  }

  /**
   * How long a file plays that is no MP3, in seconds.
   *
   * @throws Error The browser cannot play it, or it is too long to be decoded as a whole.
   */
  async measure(id: string): Promise<number> {
    const file = this.#files.get(id);
    if (!file) throw new Error("the file is gone");
    const seconds = await durationOf(file);
    if (file.size > WHOLE_BYTES || seconds > WHOLE_SECONDS) {
      throw new Error(`too long for a file that is no MP3 (${WHOLE_SECONDS / 60} minutes at most)`);
    }
    return seconds;
  }

  /**
   * The sound of a track, as the deck worker takes it.
   *
   * @throws Error The file is gone, or the browser cannot decode it.
   */
  async open(track: Track): Promise<{ readonly source: Source; readonly transfer: Transferable[] }> {
    const file = this.#files.get(track.id);
    if (!file) throw new Error("the file is gone");
    if (track.isWhole !== true) return { source: { kind: "mp3", file }, transfer: [] };
    const { left, right } = await this.#desk.decode(file);
    return { source: { kind: "samples", left, right }, transfer: [left.buffer, right.buffer] };
  }
}

function durationOf(file: File): Promise<number> {
  const url = URL.createObjectURL(file);
  const element = new Audio();
  element.preload = "metadata";
  const measured = new Promise<number>((resolve, reject) => {
    const refuse = () => {
      reject(new Error("this browser cannot play it; take an MP3"));
    };
    element.onloadedmetadata = () => {
      if (Number.isFinite(element.duration)) resolve(element.duration);
      else refuse();
    };
    element.onerror = refuse;
    setTimeout(refuse, PATIENCE_MS);
  });
  element.src = url;
  return measured.finally(() => {
    element.removeAttribute("src");
    URL.revokeObjectURL(url);
  });
}
