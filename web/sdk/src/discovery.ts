import { Fields } from "./control.js";
import { SkywaveError, WireError } from "./errors.js";

/** What a relay's pages tell of it: the answer of `GET /api/relay`. */
export interface RelayAddress {
  /** The relay's WebTransport URL. */
  readonly url: string;
  /** SHA-256 of its development certificate, 64 hexadecimal digits each; empty with a real one. */
  readonly certificateHashes: readonly string[];
  /** Whether sessions need a token. */
  readonly auth: "open" | "tokens";
  /** The relay's name and version. */
  readonly server: string;
}

/**
 * Fetches the JSON at an address; rejects where there is none.
 *
 * @param signal Aborts where the answer is not awaited any more.
 */
export type FetchRelay = (address: string, signal: AbortSignal) => Promise<unknown>;

/** {@link FetchRelay} over the browser's `fetch`. */
export const fetchRelay: FetchRelay = async (address, signal) => {
  const response = await fetch(address, { signal, cache: "no-store", credentials: "omit" });
  if (!response.ok) throw new Error(`the answer is ${response.status}`);
  return response.json();
};

/**
 * Asks the pages of a relay, by their address (such as `location.origin`), where the
 * relay itself is and which certificate it has.
 *
 * @throws SkywaveError `connect`: they do not answer, or not as a relay does.
 */
export async function discoverRelay(
  relay: string,
  fetchJson: FetchRelay = fetchRelay,
  signal: AbortSignal = new AbortController().signal,
): Promise<RelayAddress> {
  const address = `${relay.replace(/\/+$/, "")}/api/relay`;
  try {
    return readAddress(await fetchJson(address, signal));
  } catch (error) {
    const isForeign = error instanceof WireError;
    const words = error instanceof Error ? error.message : String(error);
    const said = isForeign ? `is not told by ${address}` : `cannot be asked for at ${address}`;
    throw new SkywaveError("connect", `the relay's address ${said}: ${words}`);
  }
}

function readAddress(json: unknown): RelayAddress {
  const fields = Fields.of(json);
  return {
    url: fields.text("url"),
    certificateHashes: fields.texts("certificateHashes"),
    auth: fields.optionalText("auth") === "tokens" ? "tokens" : "open",
    server: fields.optionalText("server") ?? "",
  };
}
