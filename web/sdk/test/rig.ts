import { SkywaveClient } from "../src/client.js";
import type { ClientEvents } from "../src/events.js";
import type { ClientOptions } from "../src/options.js";
import { ScriptedRelay } from "./scripted-relay.js";
import { VirtualTime } from "./virtual-time.js";

const NAMES = [
  "connectionStatus",
  "streamStarted",
  "streamStopped",
  "metadataUpdate",
  "listenerCount",
  "streamSkipped",
  "channelClosed",
  "broadcastEnded",
  "broadcastDropped",
  "streamListeners",
  "relayStatus",
  "relayStreams",
  "relayEvent",
  "watchEnded",
  "chatMessage",
  "requestsWaiting",
] as const satisfies readonly (keyof ClientEvents)[];

/** Clients and a scripted relay in virtual time, and all that the clients told. */
export class Rig {
  readonly time = new VirtualTime();
  readonly relay = new ScriptedRelay(this.time);
  readonly #told: [keyof ClientEvents, unknown][] = [];

  client(options: Partial<ClientOptions> = {}): SkywaveClient {
    const place = options.relay === undefined ? { url: "https://localhost:4433/" } : {};
    const client = new SkywaveClient({
      ...place,
      connect: this.relay.connect,
      time: this.time,
      random: () => 0,
      ...options,
    });
    for (const name of NAMES) client.on(name, (event) => void this.#told.push([name, event]));
    return client;
  }

  /** The events of this name so far. */
  of<Name extends keyof ClientEvents>(name: Name): ClientEvents[Name][] {
    return this.#told
      .filter(([told]) => told === name)
      .map(([, event]) => event as ClientEvents[Name]);
  }

  get states(): string[] {
    return this.of("connectionStatus").map((status) => status.state);
  }
}
