import { readSaved, writeSaved, type SavedLive, type SavedStudio } from "./core/resume.js";

const STUDIO = "skywave-studio";
const LIVE = "skywave-studio-live";
/** A page that is loaded again waits so long for its forerunner to let go, ms. */
const HANDOVER_MS = 1_500;

/**
 * What this tab knows of itself over a reload, in its sessionStorage. A tab that was
 * duplicated has a copy of it: only one holds the lock on it, the other begins anew.
 */
export class TabMemory {
  #written: SavedStudio | undefined;

  private constructor(
    /** What was saved, with the broadcast if one was on. */
    readonly saved: SavedStudio | undefined,
    /** Of this tab. */
    readonly key: string,
  ) {}

  static async open(): Promise<TabMemory> {
    const studio = readSaved(sessionStorage.getItem(STUDIO));
    if (!studio) return TabMemory.#anew();
    if (!(await hold(studio.key))) return TabMemory.#anew();
    const live = readLive();
    return new TabMemory(live ? { ...studio, live } : studio, studio.key);
  }

  static async #anew(): Promise<TabMemory> {
    const key = crypto.randomUUID();
    sessionStorage.removeItem(STUDIO);
    sessionStorage.removeItem(LIVE);
    await hold(key);
    return new TabMemory(undefined, key);
  }

  /** Saves what changed. */
  save({ live, ...studio }: SavedStudio): void {
    try {
      if (!this.#written || !isSame(this.#written, studio)) {
        sessionStorage.setItem(STUDIO, writeSaved(studio));
        this.#written = studio;
      }
      if (live) sessionStorage.setItem(LIVE, JSON.stringify(live));
      else sessionStorage.removeItem(LIVE);
    } catch {
      // Storage is full or forbidden: the studio works, and a reload begins anew.
    }
  }
}

function readLive(): SavedLive | undefined {
  const text = sessionStorage.getItem(LIVE);
  try {
    return text === null ? undefined : (JSON.parse(text) as SavedLive);
  } catch {
    return undefined;
  }
}

function isSame(one: SavedStudio, other: SavedStudio): boolean {
  const fields = Object.keys({ ...one, ...other }) as (keyof SavedStudio)[];
  return fields.every((field) => one[field] === other[field]);
}

/** Takes the lock on a tab's memory, for as long as the page lives. */
function hold(key: string): Promise<boolean> {
  const { locks } = navigator as { locks?: LockManager };
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(HANDOVER_MS);
    locks
      .request(`${STUDIO}-${key}`, { signal }, () => {
        resolve(true);
        return new Promise<never>(() => undefined);
      })
      .catch(() => {
        resolve(false);
      });
  });
}
