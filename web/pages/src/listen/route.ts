/** What a page's address says: which station, and how to hear it. */
export interface Route {
  /** The station that is shown; without it, the list. */
  readonly channelId?: string;
  readonly delay?: DelayChoice;
  readonly delivery?: "stream" | "datagram";
}

/** How far behind live to play, or that many ms. */
export type DelayChoice = "low" | "normal" | "steady" | number;

/** The longest delay that an address may ask for, in ms. */
const MAX_DELAY_MS = 5_000;
// docs/protocol.md, section 1: what a channel id is made of.
const CHANNEL_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Reads the query of an address; what cannot be used is left out. */
export function readRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const channelId = query.get("channel") ?? "";
  const delay = readDelay(query.get("delay"));
  const delivery = query.get("delivery");
  return {
    ...(CHANNEL_ID.test(channelId) ? { channelId } : {}),
    ...(delay === undefined ? {} : { delay }),
    ...(delivery === "stream" || delivery === "datagram" ? { delivery } : {}),
  };
}

/** The address of a route, relative to the listen page's own. */
export function routeHref({ channelId, delay, delivery }: Route): string {
  const query = new URLSearchParams();
  if (channelId !== undefined) query.set("channel", channelId);
  if (delay !== undefined) query.set("delay", String(delay));
  if (delivery !== undefined) query.set("delivery", delivery);
  const text = query.toString();
  return text === "" ? "./" : `./?${text}`;
}

/** The address to hand to a friend: the station alone, without this listener's own choices. */
export function shareUrl(page: string, channelId: string): string {
  const url = new URL("./", page);
  url.searchParams.set("channel", channelId);
  return url.href;
}

/** Reads a delay: one of the names, or ms within bounds. */
export function readDelay(text: string | null): DelayChoice | undefined {
  if (text === "low" || text === "normal" || text === "steady") return text;
  if (text === null || !/^\d{1,5}$/.test(text)) return undefined;
  const ms = Number(text);
  return ms > 0 && ms <= MAX_DELAY_MS ? ms : undefined;
}
