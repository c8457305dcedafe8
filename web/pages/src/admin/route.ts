/** What is looked at closely: a stream, all sessions, or nothing. */
export type Route =
  | { readonly view: "relay" }
  | { readonly view: "stream"; readonly channelId: string }
  | { readonly view: "sessions" };

const STREAM = "#stream=";
const SESSIONS = "#sessions";

/** What the part of the address behind the `#` asks for. */
export function readRoute(hash: string): Route {
  if (hash === SESSIONS) return { view: "sessions" };
  if (!hash.startsWith(STREAM)) return { view: "relay" };
  const channelId = decode(hash.slice(STREAM.length));
  return channelId === "" ? { view: "relay" } : { view: "stream", channelId };
}

export function streamHref(channelId: string): string {
  return `${STREAM}${encodeURIComponent(channelId)}`;
}

export const sessionsHref = SESSIONS;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
