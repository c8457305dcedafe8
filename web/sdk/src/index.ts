/**
 * Listen to, and go live on, a Skywave relay.
 *
 * @packageDocumentation
 */
export { SkywaveClient } from "./client.js";
export type { ClientEvents, ClientStats } from "./events.js";
export type { ClientOptions, JoinOptions } from "./options.js";
export type { Broadcast, StartOptions } from "./broadcast.js";
export type { Channel, ChannelStats } from "./subscription.js";
export type { ConnectionStatus } from "./link.js";
export type { Observable } from "./emitter.js";
export { SkywaveError } from "./errors.js";
export type { LocalCode, RelayCode } from "./errors.js";
export type {
  ActiveStream,
  ChatMessage,
  Delivery,
  Joined,
  Metadata,
  Show,
  Skipped,
  Title,
  Welcome,
} from "./control.js";
export type {
  RelayIncident,
  RelayStatus,
  SessionPage,
  SessionStatus,
  StreamStatus,
} from "./admin.js";
export type { Frame } from "./group.js";
export { frameTiming } from "./mp3/header.js";
export type { FrameTiming } from "./mp3/header.js";
export type { RelayClock } from "./clock.js";
export { discoverRelay, fetchRelay } from "./discovery.js";
export type { FetchRelay, RelayAddress } from "./discovery.js";
export { systemTime } from "./time.js";
export type { Time } from "./time.js";
export { connectWebTransport } from "./transport.js";
export type { ByteStream, Connect, ConnectOptions, Transport } from "./transport.js";
