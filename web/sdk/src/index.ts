/**
 * Listen to, and go live on, a Skywave relay.
 *
 * @packageDocumentation
 */
export { SkywaveClient } from "./client.js";
export type { ClientEvents, ClientOptions, JoinOptions } from "./client.js";
export type { Broadcast } from "./broadcast.js";
export type { Channel, ChannelStats } from "./subscription.js";
export type { ConnectionStatus } from "./link.js";
export { SkywaveError } from "./errors.js";
export type { LocalCode, RelayCode } from "./errors.js";
export type {
  ActiveStream,
  Delivery,
  Joined,
  Metadata,
  Show,
  Skipped,
  Title,
  Welcome,
} from "./control.js";
export type { Frame } from "./group.js";
export { frameTiming } from "./mp3/header.js";
export type { FrameTiming } from "./mp3/header.js";
export type { Time } from "./time.js";
export { connectWebTransport } from "./transport.js";
export type { ByteStream, Connect, ConnectOptions, Transport } from "./transport.js";
