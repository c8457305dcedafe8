import type { RelayIncident, RelayStatus, StreamStatus } from "./admin.js";
import type { ActiveStream, ChatMessage, Metadata, Skipped } from "./control.js";
import type { SkywaveError } from "./errors.js";
import type { ConnectionStatus } from "./link.js";

/** The events of a `SkywaveClient`. */
export interface ClientEvents {
  /** The connection changed. */
  connectionStatus: ConnectionStatus;
  /** A channel went on the air. After a reconnect, told for what began meanwhile. */
  streamStarted: ActiveStream;
  /** A channel went off the air. After a reconnect, told for what ended meanwhile. */
  streamStopped: { readonly channelId: string; readonly streamId: number };
  /** A joined channel has a newer title. Show it when the frame `seq` is heard. */
  metadataUpdate: { readonly channelId: string } & Metadata;
  /** How many listen to a joined channel. */
  listenerCount: { readonly channelId: string; readonly count: number };
  /** A publisher is on a joined channel (again). */
  streamLive: { readonly channelId: string };
  /** No publisher is on a joined channel for now; the join holds. */
  streamOffline: { readonly channelId: string };
  /** The relay left frames out for this listener, which was too slow. */
  streamSkipped: Skipped;
  /** A joined channel is heard no more, for this reason. */
  channelClosed: { readonly channelId: string; readonly reason: SkywaveError };
  /** A broadcast of this client ended, for this reason. */
  broadcastEnded: { readonly channelId: string; readonly reason: SkywaveError };
  /** MP3 bytes of an own broadcast were left out: `bytes` now, `droppedBytes` in all. */
  broadcastDropped: {
    readonly channelId: string;
    readonly bytes: number;
    readonly droppedBytes: number;
  };
  /** How many listen to a channel; after `watchStreams`. */
  streamListeners: { readonly channelId: string; readonly count: number };
  /** How the relay does, once a second; after `watchRelay`. */
  relayStatus: RelayStatus;
  /** All that is on the air, once a second; after `watchRelay`. */
  relayStreams: readonly StreamStatus[];
  /** Something happened at the relay; after `watchRelay`. */
  relayEvent: RelayIncident;
  /** After a reconnect the relay would not go on with what was watched. */
  watchEnded: { readonly watch: "streams" | "relay"; readonly reason: SkywaveError };
  /** Somebody wrote to the people of a channel. */
  chatMessage: ChatMessage;
  /** So many requests wait for a session now. */
  requestsWaiting: number;
  /** The relay is about to stop; the client reconnects by itself. */
  serverDraining: undefined;
}

/** How a client does. */
export interface ClientStats {
  /** The shortest of the newest round trips to the relay, in ms. */
  readonly roundTripMs: number | undefined;
  /** How much one round trip differs from the next, in ms, smoothed. */
  readonly jitterMs: number | undefined;
  /** Bytes received in the present session. */
  readonly receivedBytes: number;
  /** Requests that wait for a session. */
  readonly requestsWaiting: number;
  /** Sessions so far. */
  readonly sessions: number;
}
