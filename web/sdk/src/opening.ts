import { discoverRelay, type FetchRelay } from "./discovery.js";
import { SkywaveError } from "./errors.js";
import { Session, type Identity, type SessionHooks } from "./session.js";
import { pause, type Time } from "./time.js";
import type { Welcome } from "./control.js";
import type { Connect, ConnectOptions, Transport } from "./transport.js";

/** How long a session may take to come about, in ms. */
const CONNECT_PATIENCE_MS = 15_000;

/** Where the relay is: its own address, or that of its pages, which tell it. */
export type Place = ConnectOptions | { readonly relay: string; readonly fetchRelay: FetchRelay };

/** How to open a session with the relay, and as whom. */
export interface OpenOptions {
  readonly place: Place;
  readonly token: string | (() => string | Promise<string>) | undefined;
  readonly subject: string | undefined;
  readonly client: string;
  readonly connect: Connect;
  readonly time: Time;
}

/**
 * Finds the relay, connects, and says `hello`.
 *
 * @throws SkywaveError No session came about.
 */
export async function openSession(
  options: OpenOptions,
  hooks: SessionHooks,
): Promise<{ session: Session; welcome: Welcome }> {
  const token = typeof options.token === "function" ? await options.token() : options.token;
  const giveUp = new AbortController();
  const opening = reach(options, giveUp.signal);
  const inTime = await Promise.race([
    opening,
    pause(options.time, CONNECT_PATIENCE_MS).then(() => undefined),
  ]);
  if (!inTime) {
    giveUp.abort();
    void opening.then(
      (late) => {
        late.close();
      },
      () => undefined,
    );
    const { place } = options;
    const whither = "url" in place ? place.url : `the relay of ${place.relay}`;
    throw new SkywaveError("connect", `cannot connect to ${whither}: no answer`);
  }
  const identity: Identity = {
    client: options.client,
    ...(token === undefined ? {} : { token }),
    ...(options.subject === undefined ? {} : { subject: options.subject }),
  };
  return Session.begin(inTime, identity, options.time, hooks);
}

async function reach({ place, connect }: OpenOptions, signal: AbortSignal): Promise<Transport> {
  if ("url" in place) return connect(place);
  const { url, certificateHashes } = await discoverRelay(place.relay, place.fetchRelay, signal);
  return connect({ url, certificateHashes });
}
