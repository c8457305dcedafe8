import type { Readable } from "./core/mp3-file.js";

const DATABASE = "skywave-studio";
const FILES = "files";
/** Most bytes kept for one tab; past it a file is not kept, and missing after a reload. */
const MOST_BYTES = 4 * 1024 ** 3;
/** Files of a tab that was not heard of for so long are deleted, ms. */
const FORGET_AFTER_MS = 24 * 3_600_000;

interface Stored {
  readonly tab: string;
  readonly id: string;
  readonly file: File;
  readonly at: number;
}

/** Keeps a playlist's files in IndexedDB, so that a page that is loaded again has them. */
export class FileStore {
  readonly #database: Promise<IDBDatabase>;
  #bytes = 0;

  /** @param tab Whose files these are: two tabs do not see each other's. */
  constructor(private readonly tab: string) {
    this.#database = open();
    this.#database.then(forgetOld).catch(() => undefined);
  }

  /** Keeps a file; false where there is no room for it. */
  async put(id: string, file: File & Readable): Promise<boolean> {
    if (this.#bytes + file.size > MOST_BYTES) return false;
    this.#bytes += file.size;
    const stored: Stored = { tab: this.tab, id, file, at: Date.now() };
    try {
      const files = await this.#files("readwrite");
      await done(files.put(stored));
      return true;
    } catch {
      this.#bytes -= file.size;
      return false;
    }
  }

  /** This tab's files by their id. */
  async all(): Promise<Map<string, File>> {
    try {
      const files = await this.#files("readonly");
      const stored = await done(files.getAll(this.#range()) as IDBRequest<Stored[]>);
      this.#bytes = stored.reduce((sum, { file }) => sum + file.size, 0);
      return new Map(stored.map(({ id, file }) => [id, file]));
    } catch {
      return new Map();
    }
  }

  async remove(id: string, size: number): Promise<void> {
    this.#bytes = Math.max(0, this.#bytes - size);
    const files = await this.#files("readwrite");
    await done(files.delete([this.tab, id]));
  }

  async clear(): Promise<void> {
    this.#bytes = 0;
    const files = await this.#files("readwrite");
    await done(files.delete(this.#range()));
  }

  #range(): IDBKeyRange {
    return IDBKeyRange.bound([this.tab, ""], [this.tab, "\uffff"]);
  }

  async #files(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.#database).transaction(FILES, mode).objectStore(FILES);
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(FILES, { keyPath: ["tab", "id"] });
  };
  return done(request);
}

function forgetOld(database: IDBDatabase): void {
  const files = database.transaction(FILES, "readwrite").objectStore(FILES);
  const request = files.openCursor();
  request.onsuccess = () => {
    const cursor = request.result;
    if (!cursor) return;
    const { at } = cursor.value as Stored;
    if (Date.now() - at > FORGET_AFTER_MS) cursor.delete();
    cursor.continue();
  };
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => {
      resolve(request.result);
    });
    request.addEventListener("error", () => {
      reject(request.error ?? new Error("IndexedDB failed"));
    });
  });
}
