const counts = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A length of time in ms as `m:ss` or `h:mm:ss`, whole seconds that have passed. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/** A length of time in ms in words, by its largest unit: `3 minutes`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return plural(seconds, "second");
  if (seconds < 3_600) return plural(Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return plural(Math.floor(seconds / 3_600), "hour");
  return plural(Math.floor(seconds / 86_400), "day");
}

/** A time of day, `14:05`, of ms of Unix time. */
export function formatClock(at: number): string {
  return clock.format(at);
}

/** A whole number with thousands apart: `1,204`. */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** A count with its thing in singular or plural: `1 listener`, `12 listeners`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `12 listeners`. */
export function formatListeners(count: number): string {
  return plural(count, "listener");
}

/** Bytes by the decimal unit that keeps three digits: `1.24 GB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? "B"}`;
}

/** Words of a program as a sentence: `relay is full` becomes `Relay is full.` */
export function formatSentence(words = ""): string {
  const text = words.trim();
  if (text === "") return "";
  return `${text.charAt(0).toLocaleUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
