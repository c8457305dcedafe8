import { readDelay, type DelayChoice } from "./route.js";

/** What a listener chose on this machine. */
export interface Settings {
  /** 0 to 1. */
  readonly volume: number;
  readonly muted: boolean;
  readonly delay: DelayChoice;
}

const KEY = "skywave.listen";
const DEFAULTS: Settings = { volume: 0.8, muted: false, delay: "normal" };

/** Reads the settings; those that are absent or make no sense are the default ones. */
export function loadSettings(storage: Pick<Storage, "getItem"> | undefined): Settings {
  const kept = parse(read(storage));
  const { volume, muted, delay } = kept;
  return {
    volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : DEFAULTS.volume,
    muted: typeof muted === "boolean" ? muted : DEFAULTS.muted,
    delay:
      typeof delay === "string" || typeof delay === "number"
        ? (readDelay(String(delay)) ?? DEFAULTS.delay)
        : DEFAULTS.delay,
  };
}

/** Keeps the settings. A browser that forbids it forgets them, and nothing else is lost. */
export function saveSettings(
  storage: Pick<Storage, "setItem"> | undefined,
  settings: Settings,
): void {
  try {
    storage?.setItem(KEY, JSON.stringify(settings));
  } catch {
    return;
  }
}

/** The browser's storage, if it gives one. */
export function browserStorage(kind: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    return window[kind];
  } catch {
    return undefined;
  }
}

function read(storage: Pick<Storage, "getItem"> | undefined): string | null {
  try {
    return storage?.getItem(KEY) ?? null;
  } catch {
    return null;
  }
}

function parse(text: string | null): Readonly<Record<string, unknown>> {
  if (text === null) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
