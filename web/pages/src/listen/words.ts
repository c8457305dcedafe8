import type { PlayerState } from "@skywave/player";
import type { SkywaveError, Title } from "@skywave/client";
import { formatClock, formatSentence, formatSpan } from "../ui/format.js";

/** What the station view says about how things stand. */
export interface Standing {
  /** Drives colours and the picture. */
  readonly mood: "ready" | "waiting" | "playing" | "lost" | "off" | "failed";
  /** A few words: `On the air`. */
  readonly label: string;
  /** What it means and what happens next. */
  readonly detail: string;
}

/** A status, since when it holds (ms of Unix time), and whether sound went before it. */
export interface Since {
  readonly status: PlayerState["status"];
  readonly at: number;
  readonly wasHeard: boolean;
}

/** What is known of a station without its player. */
export type OnAir = "unknown" | "unreachable" | "refused" | "on" | "off";

/** Why the relay did not let this page in. */
export type Refusal = Pick<SkywaveError, "code" | "message"> | undefined;

/** A refusal as a sentence. */
export function refusalWords(reason: Refusal): string {
  switch (reason?.code) {
    case "unsupported":
      return (
        "This browser has no WebTransport, by which the sound comes. " +
        "Current versions of Chrome, Edge, Firefox and Safari have it."
      );
    case "token-missing":
      return "This relay asks for a token.";
    case "token-invalid":
      return "The relay does not take this token. Another one may do.";
    case "token-expired":
      return "The token has expired: a fresh one is needed.";
    default:
      return formatSentence(reason?.message) || "The relay turned this page away.";
  }
}

/** Follows the status: the moment stays while the status does. */
export function since(
  before: Since | undefined,
  status: PlayerState["status"],
  now: number,
): Since {
  if (before?.status === status) return before;
  return { status, at: now, wasHeard: before?.status === "playing" };
}

/** How things stand with a station, in words. */
export function standing(
  state: PlayerState | undefined,
  held: Since | undefined,
  onAir: OnAir,
  now: number,
  refusal?: Refusal,
): Standing {
  const from = held?.at ?? now;
  switch (state?.status ?? "idle") {
    case "idle":
      return atRest(onAir, refusal);
    case "connecting":
      return { mood: "waiting", label: "Connecting", detail: "Looking for the station." };
    case "buffering":
      return {
        mood: "waiting",
        label: "Tuning in",
        detail: formatSentence(state?.reason) || "The first sound is on its way.",
      };
    case "playing":
      return { mood: "playing", label: "On the air", detail: state?.qualityWords ?? "" };
    case "offline":
      return {
        mood: "off",
        label: "Off the air",
        detail: `${
          held?.wasHeard === true
            ? `The broadcast went away at ${formatClock(from)}.`
            : "Nobody is broadcasting here just now."
        } Stay if you like: the sound begins by itself when the station is back.`,
      };
    case "reconnecting":
      return {
        mood: "lost",
        label: "Connection lost",
        detail:
          (lead(state?.reason) || "Trying to get back. ") +
          `Out for ${formatSpan(now - from)} so far. ` +
          "The sound comes back by itself, in step with everyone.",
      };
    case "failed":
      return {
        mood: "failed",
        label: "This did not work",
        detail: `${lead(state?.reason)}Press play to try again.`,
      };
  }
}

/** `Artist: Track`, or what there is of it. */
export function titleLine(title: Title | undefined): string {
  return [title?.artistName, title?.trackName].filter(Boolean).join(" – ");
}

/** The name of the document: what plays comes first, so that a narrow tab shows it. */
export function documentTitle(
  channelId: string | undefined,
  state: PlayerState | undefined,
): string {
  if (channelId === undefined) return "Skywave · live radio, in step";
  const words = [channelId, "Skywave"];
  const song = state?.channelId === channelId ? titleLine(heardNow(state)) : "";
  return (song === "" ? words : [song, ...words]).join(" · ");
}

/** The title that is heard now: nothing is where nothing sounds. */
export function heardNow(state: PlayerState | undefined): Title | undefined {
  const title = state?.status === "playing" ? state.title : undefined;
  return titleLine(title) === "" ? undefined : title;
}

/** When the title that is heard now was first heard, ms of Unix time. */
export function heardSince(state: PlayerState | undefined): number | undefined {
  const title = heardNow(state);
  const newest = state?.history[0];
  return title && newest && titleLine(newest.title) === titleLine(title) ? newest.at : undefined;
}

/** The titles that were heard before, newest first; empty ones are left out. */
export function heardBefore(state: PlayerState | undefined): PlayerState["history"] {
  const history = state?.history ?? [];
  const earlier = heardSince(state) === undefined ? history : history.slice(1);
  return earlier.filter(({ title }) => titleLine(title) !== "");
}

function atRest(onAir: OnAir, refusal: Refusal): Standing {
  switch (onAir) {
    case "on":
      return {
        mood: "ready",
        label: "On the air",
        detail: "Press play, and hear what everyone else hears, at the same moment.",
      };
    case "off":
      return {
        mood: "off",
        label: "Off the air",
        detail: "Nobody is broadcasting here just now. Press play to wait: it starts by itself.",
      };
    case "unknown":
      return { mood: "ready", label: "Asking the relay", detail: "Press play to listen." };
    case "unreachable":
      return {
        mood: "lost",
        label: "No connection",
        detail: "The relay does not answer. This page goes on trying by itself.",
      };
    case "refused":
      return { mood: "failed", label: "Not let in", detail: refusalWords(refusal) };
  }
}

/** A reason as a sentence before another one. */
function lead(reason: string | undefined): string {
  const sentence = formatSentence(reason);
  return sentence === "" ? "" : `${sentence} `;
}
