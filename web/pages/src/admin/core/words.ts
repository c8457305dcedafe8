import type { SessionStatus } from "@skywave/client";
import { formatDuration } from "../../ui/format.js";

/** The kinds of events that are known, in words, and how grave they are. */
const KINDS: ReadonlyMap<string, { readonly words: string; readonly tone: Tone }> = new Map([
  ["stream-started", { words: "On the air", tone: "good" }],
  ["stream-stopped", { words: "Off the air", tone: "plain" }],
  ["publisher-lost", { words: "Publisher lost", tone: "bad" }],
  ["publisher-returned", { words: "Publisher back", tone: "good" }],
  ["taken-over", { words: "Taken over", tone: "fair" }],
  ["refused", { words: "Refused", tone: "fair" }],
  ["session-began", { words: "Session began", tone: "plain" }],
  ["session-ended", { words: "Session ended", tone: "plain" }],
  ["dropped", { words: "Events missing", tone: "fair" }],
]);

export type Tone = "plain" | "good" | "fair" | "bad";

/** All kinds that are known. */
export const knownKinds: readonly string[] = [...KINDS.keys()];

/** A kind of event in words; an unknown one as it is called. */
export function kindWords(kind: string): string {
  return KINDS.get(kind)?.words ?? kind.replaceAll("-", " ");
}

export function kindTone(kind: string): Tone {
  return KINDS.get(kind)?.tone ?? "plain";
}

/** How long something is up: `4:05`, `3:04:05`, `2 d 3 h`. */
export function formatUptime(ms: number): string {
  const hours = Math.floor(Math.max(0, ms) / 3_600_000);
  return hours < 24 ? formatDuration(ms) : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Three digits of Mbit/s: `0.26`, `12.4`, `1240`. */
export function formatMbits(mbits: number): string {
  return mbits.toFixed(mbits < 9.995 ? 2 : mbits < 99.95 ? 1 : 0);
}

/** How a session listens: `stream, 100 ms`. */
export function deliveryWords({ listening, delivery, latencyMs }: SessionStatus): string {
  if (!listening) return "";
  const how = [delivery, latencyMs === undefined ? undefined : `${latencyMs} ms`];
  return how.filter(Boolean).join(", ") || "several stations";
}

/** Text for the relay to hand on: without control characters, which it refuses. */
export function messageText(text: string): string | undefined {
  const words = text.replaceAll(/\p{Cc}+/gu, " ").trim();
  return words === "" ? undefined : words;
}
