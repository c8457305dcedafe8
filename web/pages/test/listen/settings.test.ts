import { describe, expect, it } from "vitest";
import { loadSettings, saveSettings } from "../../src/listen/settings.js";
import { share } from "../../src/listen/share.js";
import { takeToken } from "../../src/listen/token.js";

class MemoryStorage {
  readonly kept = new Map<string, string>();

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
}

describe("the settings", () => {
  it("are there again after a reload", () => {
    const storage = new MemoryStorage();
    const settings = { volume: 0.35, muted: true, delay: "steady" } as const;
    saveSettings(storage, settings);
    expect(loadSettings(storage)).toEqual(settings);
  });

  it("are the default ones where what was kept makes no sense", () => {
    const defaults = loadSettings(undefined);
    expect(defaults).toEqual({ volume: 0.8, muted: false, delay: "normal" });
    for (const text of ["nonsense", "null", "[]", '{"volume":7,"muted":"yes","delay":"later"}']) {
      expect(loadSettings({ getItem: () => text })).toEqual(defaults);
    }
  });

  it("are forgotten, and nothing more, where the browser forbids to keep them", () => {
    const forbidden = {
      getItem: (): never => {
        throw new Error("forbidden");
      },
      setItem: (): never => {
        throw new Error("forbidden");
      },
    };
    saveSettings(forbidden, { volume: 1, muted: false, delay: "low" });
    expect(loadSettings(forbidden).volume).toBe(0.8);
  });
});

describe("a token in the address", () => {
  const pageAt = (hash: string) => {
    const urls: unknown[] = [];
    return {
      urls,
      location: { hash, pathname: "/", search: "?channel=jazz" },
      history: {
        replaceState: (_data: unknown, _title: string, url?: string | URL | null) => {
          urls.push(url);
        },
      },
    };
  };

  it("is kept for the tab and taken off the address", () => {
    const storage = new MemoryStorage();
    const { urls, location, history } = pageAt("#token=abc.def");
    expect(takeToken(location, history, storage)).toBe("abc.def");
    expect(urls).toEqual(["/?channel=jazz"]);
    const reloaded = pageAt("");
    expect(takeToken(reloaded.location, reloaded.history, storage)).toBe("abc.def");
    expect(reloaded.urls).toEqual([]);
  });

  it("is not needed", () => {
    const { location, history } = pageAt("");
    expect(takeToken(location, history, undefined)).toBeUndefined();
  });
});

describe("sharing a station", () => {
  const link = { title: "jazz", url: "https://radio.example/?channel=jazz" };

  it("uses the device's own sheet", async () => {
    const given: ShareData[] = [];
    const outcome = await share(
      {
        share: (data) => {
          given.push(data);
          return Promise.resolve();
        },
      },
      link,
    );
    expect(outcome).toBe("shared");
    expect(given).toEqual([link]);
  });

  it("copies nothing behind the back of somebody who closed the sheet", async () => {
    const copied: string[] = [];
    const outcome = await share(
      {
        share: () => Promise.reject(new DOMException("closed", "AbortError")),
        clipboard: {
          writeText: (text) => {
            copied.push(text);
            return Promise.resolve();
          },
        },
      },
      link,
    );
    expect(outcome).toBe("cancelled");
    expect(copied).toEqual([]);
  });

  it("copies where there is no sheet, and shows the link where that is forbidden, too", async () => {
    const copied: string[] = [];
    const clipboard = {
      writeText: (text: string) => {
        copied.push(text);
        return Promise.resolve();
      },
    };
    expect(await share({ clipboard }, link)).toBe("copied");
    expect(copied).toEqual([link.url]);
    const forbidden = { writeText: () => Promise.reject(new Error("not allowed")) };
    expect(await share({ clipboard: forbidden }, link)).toBe("shown");
    expect(await share({}, link)).toBe("shown");
  });
});
