import type { StreamStatus } from "@skywave/client";
import { healthOf } from "../../src/admin/core/health.js";
import { History } from "../../src/admin/core/history.js";
import type { Row } from "../../src/admin/core/streams.js";

/** A stream that does well. */
export function status(channelId: string, more: Partial<StreamStatus> = {}): StreamStatus {
  return {
    channelId,
    streamId: channelId.split("").reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7),
    subject: "ana",
    startedAt: 1_000_000,
    state: "live",
    kbps: 128,
    lagMs: 10,
    listeners: 10,
    skippedFrames: 0,
    ...more,
  };
}

/** A row of the table, as a stream is that was seen once. */
export function row(channelId: string, more: Partial<StreamStatus> = {}): Row {
  const given = status(channelId, more);
  const health = healthOf(given, { lagMs: given.lagMs, skippedFrames: given.skippedFrames });
  return { status: given, health, listeners: new History(1) };
}
