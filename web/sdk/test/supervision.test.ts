import { beforeEach, describe, expect, it } from "vitest";
import type { SkywaveClient } from "../src/client.js";
import { Rig } from "./rig.js";
import { refuse } from "./scripted-relay.js";
import { settle } from "./virtual-time.js";

let rig: Rig;
let client: SkywaveClient;

beforeEach(async () => {
  rig = new Rig();
  client = rig.client();
  await client.connect();
});

const status = {
  server: "skywave/0.1.0",
  startedAt: 1_795_000_000_000,
  now: 1_795_000_001_000,
  sessions: 3,
  listeners: 2,
  streams: 2,
  bytesOut: 70_000,
};
const stream = (channelId: string) => ({
  channelId,
  streamId: 3,
  subject: "ana",
  startedAt: 1_795_000_000_000,
  state: "live",
  kbps: 128,
  lagMs: 20,
  listeners: 2,
  skippedFrames: 0,
});

async function reconnect(): Promise<void> {
  rig.relay.session.die();
  await rig.time.advance(500);
}

describe("watching", () => {
  it("the counts of all channels goes on after a reconnect", async () => {
    rig.relay.active = [
      { channelId: "jazz", streamId: 1, startedAt: 1_795_000_000_000, listeners: 0 },
    ];
    await reconnect();
    await client.watchStreams();
    await client.watchStreams();
    expect(rig.relay.session.asked).toEqual(["streams:watch"]);
    rig.relay.session.say({
      type: "streams:listeners",
      streams: [
        { channelId: "jazz", listeners: 12 },
        { channelId: "news", listeners: 1 },
      ],
    });
    await settle();
    expect(rig.of("streamListeners")).toEqual([
      { channelId: "jazz", count: 12 },
      { channelId: "news", count: 1 },
    ]);
    expect(client.activeStreams).toMatchObject([{ channelId: "jazz", listeners: 12 }]);
    await reconnect();
    expect(rig.relay.session.asked).toEqual(["streams:watch"]);
  });

  it("the relay tells all its streams at once, whatever lines they came in", async () => {
    await client.watchRelay();
    const { session } = rig.relay;
    session.say({ type: "relay:status", ...status });
    session.say({ type: "relay:streams", streams: [stream("jazz")], last: false });
    await settle();
    expect(rig.of("relayStatus")).toEqual([status]);
    expect(rig.of("relayStreams")).toEqual([]);
    session.say({ type: "relay:streams", streams: [stream("news")], last: true });
    session.say({ type: "relay:streams", streams: [], last: true });
    session.say({ type: "relay:event", at: 7, kind: "refused", message: "no" });
    await settle();
    expect(rig.of("relayStreams")).toEqual([[stream("jazz"), stream("news")], []]);
    expect(rig.of("relayEvent")).toEqual([{ at: 7, kind: "refused", message: "no" }]);
  });

  it("the relay forgets half a picture of a session that was lost", async () => {
    await client.watchRelay();
    rig.relay.session.say({ type: "relay:streams", streams: [stream("jazz")], last: false });
    await reconnect();
    expect(rig.relay.session.asked).toEqual(["relay:watch"]);
    rig.relay.session.say({ type: "relay:streams", streams: [stream("news")], last: true });
    await settle();
    expect(rig.of("relayStreams")).toEqual([[stream("news")]]);
  });

  it("says so where the relay would not go on with it", async () => {
    await client.watchRelay();
    rig.relay.scripts["relay:watch"] = () => refuse("forbidden");
    await reconnect();
    expect(rig.of("watchEnded")).toMatchObject([{ watch: "relay", reason: { code: "forbidden" } }]);
    await reconnect();
    expect(rig.relay.session.asked).toEqual([]);
  });
});

describe("supervising", () => {
  const session = {
    session: 17,
    subject: "ana",
    role: "owner",
    address: "192.0.2.7:51000",
    since: 1_795_000_000_000,
    publishing: true,
    listening: false,
  };

  it("lists sessions, and ends a session or a broadcast", async () => {
    rig.relay.scripts["session:list"] = () => ({ sessions: [session], more: true });
    await expect(client.listSessions({ channelId: "jazz", after: 16 })).resolves.toEqual({
      sessions: [session],
      more: true,
    });
    await client.endSession({ session: 17, message: "enough" });
    await client.endStream({ channelId: "jazz" });
    expect(rig.relay.session.requests.slice(1)).toMatchObject([
      { type: "session:list", channelId: "jazz", after: 16 },
      { type: "session:end", session: 17, message: "enough" },
      { type: "stream:end", channelId: "jazz" },
    ]);
    rig.relay.scripts["session:end"] = () => refuse("unknown-session");
    await expect(client.endSession({ session: 1 })).rejects.toMatchObject({
      code: "unknown-session",
    });
  });
});

describe("being supervised", () => {
  const ended = { type: "error", code: "ended-by-admin", message: "enough" };

  it("does not come back after an administrator ended the session", async () => {
    rig.relay.session.say(ended);
    await settle();
    rig.relay.session.die();
    await rig.time.advance(60_000);
    expect(rig.relay.attempts).toHaveLength(1);
    expect(rig.of("connectionStatus").at(-1)).toMatchObject({
      state: "closed",
      reason: { code: "ended-by-admin", message: "enough" },
    });
  });

  it("goes off the air for good with the one channel that an administrator ended", async () => {
    const jazz = await client.startStream({ channelId: "jazz" });
    const news = await client.startStream({ channelId: "news" });
    rig.relay.session.say({ ...ended, channelId: "jazz" });
    await settle();
    expect(rig.of("broadcastEnded")).toMatchObject([
      { channelId: "jazz", reason: { code: "ended-by-admin", message: "enough" } },
    ]);
    await expect(jazz.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "ended-by-admin" });
    await news.write(Uint8Array.of(1));
    expect(rig.states.at(-1)).toBe("connected");
    await reconnect();
    expect(rig.relay.session.requests.slice(1)).toMatchObject([{ channelId: "news" }]);
    expect(rig.of("broadcastEnded")).toHaveLength(1);
  });

  it("tells the reason of the right channel where two ingest streams break", async () => {
    await client.startStream({ channelId: "jazz" });
    await client.startStream({ channelId: "news" });
    const { session } = rig.relay;
    session.stopIngest();
    await settle();
    session.say({ type: "error", code: "taken-over", message: "by Bo", channelId: "jazz" });
    session.say({ type: "error", code: "not-mp3", message: "it is Ogg", channelId: "news" });
    await settle();
    expect(rig.of("broadcastEnded")).toMatchObject([
      { channelId: "jazz", reason: { code: "taken-over" } },
      { channelId: "news", reason: { code: "not-mp3" } },
    ]);
  });
});

describe("chat", () => {
  it("sends and tells messages, and rejects where the relay knows no chat", async () => {
    await client.sendChat({ channelId: "jazz", message: "hello" });
    expect(rig.relay.session.requests[1]).toMatchObject({ type: "chat:send", message: "hello" });
    const message = { channelId: "jazz", message: "hi", subject: "bo", at: 8 };
    rig.relay.session.say({ type: "chat:message", ...message });
    await settle();
    expect(rig.of("chatMessage")).toEqual([message]);
    rig.relay.scripts["chat:send"] = () => refuse("unknown-type");
    const sent = client.sendChat({ channelId: "jazz", message: "hello" });
    await expect(sent).rejects.toMatchObject({ code: "unknown-type" });
  });
});
