import { beforeEach, describe, expect, it } from "vitest";
import type { SkywaveClient } from "../src/client.js";
import type { ClientEvents } from "../src/events.js";
import type { ClientOptions } from "../src/options.js";
import type { Frame } from "../src/group.js";
import { Rig } from "./rig.js";
import { datagram, group, refuse, type ScriptedRelay } from "./scripted-relay.js";
import { settle, type VirtualTime } from "./virtual-time.js";

let rig: Rig;
let time: VirtualTime;
let relay: ScriptedRelay;
let client: SkywaveClient;

const of = <Name extends keyof ClientEvents>(name: Name) => rig.of(name);
const states = () => rig.states;
const makeClient = (options: Partial<ClientOptions>) => rig.client(options);

beforeEach(() => {
  rig = new Rig();
  ({ time, relay } = rig);
  client = rig.client();
});

describe("connecting", () => {
  it("says hello, and learns who it is and the relay's clock", async () => {
    client = makeClient({ token: () => Promise.resolve("a.b.c"), client: "studio/2" });
    const welcome = await client.connect();
    expect(welcome).toMatchObject({ subject: "ana", role: "owner" });
    expect(relay.session.requests[0]).toMatchObject({
      type: "hello",
      versions: ["skywave/1"],
      token: "a.b.c",
      client: "studio/2",
    });
    await settle();
    expect(client.relayTime).toBe(time.now() + 1_795_000_000_000_000);
    expect(states()).toEqual(["connecting", "connected"]);
  });

  it("tries again with growing waits until the relay is there", async () => {
    relay.isUp = false;
    const connected = client.connect();
    await time.advance(1_000);
    expect(relay.attempts.map((at) => at - 5_000)).toEqual([0, 125, 375, 875]);
    expect(of("connectionStatus").at(-1)).toMatchObject({
      state: "reconnecting",
      retryInMs: 1_000,
      reason: { code: "connect" },
    });
    relay.isUp = true;
    await time.advance(1_000);
    await expect(connected).resolves.toMatchObject({ server: "scripted/1" });
  });

  it("gives up, and says why, where trying again cannot help", async () => {
    relay.scripts["hello"] = () => refuse("token-invalid");
    await expect(client.connect()).rejects.toMatchObject({ code: "token-invalid" });
    await time.advance(60_000);
    expect(relay.attempts).toHaveLength(1);
    expect(of("connectionStatus").at(-1)).toMatchObject({
      state: "closed",
      reason: { code: "token-invalid", message: "because token-invalid" },
    });
    await expect(client.joinStream({ channelId: "jazz" })).rejects.toMatchObject({
      code: "token-invalid",
    });
  });

  it("comes back with a fresh token when the old one ends", async () => {
    const tokens = ["first", "second"];
    client = makeClient({ token: () => tokens.shift() ?? "none" });
    await client.connect();
    relay.session.say({ type: "error", code: "token-expired", message: "the token has ended" });
    await settle();
    relay.session.die();
    await time.advance(1_000);
    expect(relay.sessions.map((session) => session.requests[0]?.["token"])).toEqual([
      "first",
      "second",
    ]);
  });

  it("leaves a relay that leaves its pings without an answer", async () => {
    await client.connect();
    await time.advance(10_000);
    expect(relay.sessions).toHaveLength(1);
    relay.answersPings = false;
    await time.advance(6_500);
    expect(relay.sessions.length).toBeGreaterThan(1);
    expect(of("connectionStatus").find((status) => status.state === "reconnecting")).toMatchObject({
      reason: { message: "the relay answers no more" },
    });
  });

  it("disconnects for good", async () => {
    await client.connect();
    const channel = await client.joinStream({ channelId: "jazz" });
    client.disconnect();
    await time.advance(60_000);
    expect(relay.attempts).toHaveLength(1);
    expect(of("connectionStatus").at(-1)).toMatchObject({ reason: { code: "disconnected" } });
    const frames: Frame[] = [];
    for await (const frame of channel) frames.push(frame);
    expect(frames).toEqual([]);
  });
});

describe("listening", () => {
  const seqs: number[] = [];
  const onFrame = (frame: Frame) => void seqs.push(frame.seq);
  beforeEach(() => void seqs.splice(0));

  it("hears the stream from the first frame, and what came before the answer", async () => {
    await client.connect();
    relay.scripts["stream:join"] = () => undefined;
    const joining = client.joinStream({ channelId: "jazz", latencyMs: 0 });
    await settle();
    const [, join] = relay.session.requests;
    expect(join).toMatchObject({ type: "stream:join", channelId: "jazz", latencyMs: 0 });
    relay.session.openAudio(4, group(1_000, 3, 77));
    relay.session.sendDatagram(datagram(0x04, [4, 9, 12]));
    await settle();
    relay.session.say({
      type: "ok",
      re: join?.id,
      handle: 4,
      live: true,
      delivery: "stream",
      latencyMs: 0,
      targetDelayMs: 400,
      nextSeq: 1_000,
      metadata: [{ revision: 1, seq: 990, trackName: "So What" }],
      listeners: 2,
    });
    const channel = await joining;
    const heard: Frame[] = [];
    for await (const frame of channel) if (heard.push(frame) === 3) break;
    expect(heard.map(({ seq, time }) => [seq, time])).toEqual([
      [1_000, 77],
      [1_001, 26_199],
      [1_002, 52_321],
    ]);
    expect(of("listenerCount").map(({ count }) => count)).toEqual([2, 12]);
    expect(of("metadataUpdate")).toEqual([
      { channelId: "jazz", revision: 1, seq: 990, trackName: "So What" },
    ]);
    expect(channel.titleAt(1_000)?.trackName).toBe("So What");
  });

  it("merges the opening stream with datagrams in any order, and gives a lost one up", async () => {
    await client.connect();
    const channel = await client.joinStream({ channelId: "jazz", delivery: "datagram", onFrame });
    relay.session.sendDatagram(datagram(0x01, [4], group(1_002, 1)));
    relay.session.openAudio(4, group(1_000, 2));
    await settle();
    expect(seqs).toEqual([1_000, 1_001, 1_002]);
    relay.session.sendDatagram(datagram(0x01, [4], group(1_004, 1)));
    await time.advance(150);
    expect(seqs).toHaveLength(3);
    await time.advance(100);
    expect(seqs).toEqual([1_000, 1_001, 1_002, 1_004]);
    expect(channel.stats).toMatchObject({ frames: 4, missing: 1 });
  });

  it("waits for a missing frame as long as it is told to, also while it waits", async () => {
    await client.connect();
    const channel = await client.joinStream({ channelId: "jazz", onFrame, patienceMs: 50 });
    relay.session.sendDatagram(datagram(0x01, [4], group(1_001, 1)));
    await time.advance(40);
    expect(seqs).toEqual([]);
    await time.advance(20);
    expect(seqs).toEqual([1_001]);
    channel.patienceMs = 1_000;
    relay.session.sendDatagram(datagram(0x01, [4], group(1_003, 1)));
    await time.advance(900);
    expect(seqs).toEqual([1_001]);
    channel.patienceMs = 100;
    expect(seqs).toEqual([1_001, 1_003]);
  });

  it("acknowledges titles, and tells each once and only the newest", async () => {
    await client.connect();
    await client.joinStream({ channelId: "jazz", onFrame });
    const title = new TextEncoder().encode('{"trackName":"Blue in Green"}');
    relay.session.sendDatagram(datagram(0x03, [4, 8, 1_010], title));
    relay.session.sendDatagram(datagram(0x03, [4, 8, 1_010], title));
    relay.session.sendDatagram(datagram(0x03, [4, 7, 1_005], title));
    relay.session.say({
      type: "stream:metadata",
      channelId: "jazz",
      revision: 9,
      seq: 1_020,
      trackName: "All Blues",
    });
    await settle();
    expect(of("metadataUpdate").map(({ revision }) => revision)).toEqual([8, 9]);
    expect(relay.session.datagrams.map((bytes) => [...bytes])).toEqual([
      [0x12, 4, 8],
      [0x12, 4, 8],
      [0x12, 4, 7],
    ]);
  });

  it("takes only newer counts", async () => {
    await client.connect();
    await client.joinStream({ channelId: "jazz", onFrame });
    for (const [revision, count] of [
      [5, 10],
      [4, 9],
      [6, 11],
    ] as const) {
      relay.session.sendDatagram(datagram(0x04, [4, revision, count]));
    }
    await settle();
    expect(of("listenerCount").map(({ count }) => count)).toEqual([1, 10, 11]);
  });

  it("joins again after a loss, and repeats no frame", async () => {
    await client.connect();
    await client.joinStream({ channelId: "jazz", onFrame });
    relay.session.openAudio(4, group(1_000, 3));
    await settle();
    relay.session.die();
    relay.nextSeq = 1_001;
    await time.advance(500);
    expect(relay.sessions).toHaveLength(2);
    expect(relay.session.requests[1]).toMatchObject({ type: "stream:join", wait: true });
    relay.session.openAudio(4, group(1_001, 4));
    await settle();
    expect(seqs).toEqual([1_000, 1_001, 1_002, 1_003, 1_004]);
    expect(states()).toEqual(["connecting", "connected", "reconnecting", "connected"]);
  });

  it("says so where a channel cannot be joined again", async () => {
    await client.connect();
    const channel = await client.joinStream({ channelId: "jazz" });
    relay.scripts["stream:join"] = () => refuse("forbidden");
    relay.session.die();
    await time.advance(500);
    expect(of("channelClosed")).toMatchObject([
      { channelId: "jazz", reason: { code: "forbidden" } },
    ]);
    const reading = channel[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toMatchObject({ code: "forbidden" });
    expect(states().at(-1)).toBe("connected");
  });

  it("leaves a channel, also while there is no session", async () => {
    await client.connect();
    await client.joinStream({ channelId: "jazz", onFrame });
    await client.joinStream({ channelId: "blues", onFrame });
    await client.leaveStream("jazz");
    expect(relay.session.asked).toEqual(["stream:join", "stream:join", "stream:leave"]);
    relay.session.die();
    await time.advance(110);
    await client.leaveStream("blues");
    await time.advance(500);
    expect(relay.sessions).toHaveLength(2);
    expect(relay.session.asked).toEqual([]);
  });

  it("keeps the newest frames for a slow reader, and marks the gap", async () => {
    await client.connect();
    const channel = await client.joinStream({ channelId: "jazz" });
    for (let first = 0; first < 640; first += 64) {
      relay.session.sendDatagram(datagram(0x01, [4], group(1_000 + first, 64)));
    }
    await settle();
    const first = await channel[Symbol.asyncIterator]().next();
    expect(first.value).toMatchObject({ seq: 1_128, discontinuity: true });
    expect(channel.stats).toMatchObject({ frames: 640, dropped: 128 });
  });
});

describe("what is on the air", () => {
  const stream = (channelId: string, streamId: number) => ({
    channelId,
    streamId,
    startedAt: 1_795_000_000_000,
    listeners: 0,
  });

  it("is told as it changes, and after a reconnect what changed meanwhile", async () => {
    relay.active = [stream("jazz", 1), stream("news", 2)];
    await client.connect();
    await settle();
    relay.session.say({ type: "stream:started", ...stream("folk", 3) });
    relay.session.say({ type: "stream:stopped", channelId: "news", streamId: 2 });
    await settle();
    relay.active = [stream("jazz", 4), stream("folk", 3)];
    relay.session.die();
    await time.advance(500);
    expect(of("streamStarted").map(({ streamId }) => streamId)).toEqual([1, 2, 3, 4]);
    expect(of("streamStopped").map(({ streamId }) => streamId)).toEqual([2, 1]);
    expect(client.activeStreams).toEqual(relay.active);
  });
});

describe("an observable", () => {
  it("tells what its event tells, until it is unsubscribed", async () => {
    const seen: string[] = [];
    const observable = client.observe("connectionStatus");
    const byFunction = observable.subscribe(({ state }) => seen.push(state));
    observable.subscribe({ next: ({ state }) => seen.push(`next ${state}`) });
    observable.subscribe({});
    await client.connect();
    expect(seen).toEqual(["connecting", "next connecting", "connected", "next connected"]);
    byFunction.unsubscribe();
    client.disconnect();
    await settle();
    expect(seen.slice(4)).toEqual(["next closed"]);
  });
});

describe("publishing", () => {
  const mp3 = Uint8Array.of(0xff, 0xfb, 0x90, 0x64, 1, 2, 3);

  it("goes on the air, sets a title at a byte, and stops after the last byte", async () => {
    await client.connect();
    const broadcast = await client.startStream({ channelId: "jazz", showTitle: "Nachtmusik" });
    expect(broadcast).toMatchObject({ streamId: 70, resumed: false });
    await broadcast.write(mp3);
    await client.updateMetadata({ channelId: "jazz", trackName: "So What", atByte: 7 });
    await client.stopStream("jazz");
    expect(relay.session.ingests).toEqual([[0x02, 0x40, 70, ...mp3]]);
    expect(relay.session.requests.slice(1)).toMatchObject([
      { type: "stream:start", channelId: "jazz", showTitle: "Nachtmusik" },
      { type: "stream:update-metadata", trackName: "So What", atByte: 7 },
      { type: "stream:stop", atByte: 7 },
    ]);
    await expect(broadcast.write(mp3)).rejects.toMatchObject({ code: "disconnected" });
  });

  it("resumes after a loss; titles set meanwhile wait, without their byte", async () => {
    await client.connect();
    const broadcast = await client.startStream({ channelId: "jazz" });
    await broadcast.write(mp3);
    relay.session.die();
    await time.advance(110);
    await broadcast.write(mp3);
    const titled = client.updateMetadata({ channelId: "jazz", trackName: "Next", atByte: 9 });
    await time.advance(500);
    await titled;
    expect(relay.session.requests.slice(1)).toMatchObject([
      { type: "stream:start", channelId: "jazz" },
      { type: "stream:update-metadata", trackName: "Next" },
    ]);
    expect(relay.session.requests[2]).not.toHaveProperty("atByte");
    expect(broadcast).toMatchObject({ resumed: true, bytes: 0, droppedBytes: 7 });
    await broadcast.write(mp3);
    expect(relay.session.ingests).toEqual([[0x02, 0x40, 70, ...mp3]]);
  });

  it("drops what would wait for the transport past a bound, and tells and counts it", async () => {
    await client.connect();
    const broadcast = await client.startStream({ channelId: "jazz", maxQueuedBytes: 20 });
    const goOn = relay.session.stallIngest();
    const writes = [new Uint8Array(18), new Uint8Array(2)].map((bytes) => broadcast.write(bytes));
    expect(broadcast).toMatchObject({ queuedBytes: 20, droppedBytes: 0 });
    await broadcast.write(mp3);
    await broadcast.write(mp3);
    expect(broadcast).toMatchObject({ queuedBytes: 20, droppedBytes: 14, bytes: 20 });
    expect(of("broadcastDropped")).toEqual([
      { channelId: "jazz", bytes: 7, droppedBytes: 7 },
      { channelId: "jazz", bytes: 7, droppedBytes: 14 },
    ]);
    goOn();
    await Promise.all(writes);
    expect(broadcast.queuedBytes).toBe(0);
    // A single write may be larger, where nothing waits.
    const large = broadcast.write(new Uint8Array(100));
    expect(broadcast).toMatchObject({ queuedBytes: 100, droppedBytes: 14 });
    await large;
  });

  it("does not take a channel back that was taken over", async () => {
    await client.connect();
    const broadcast = await client.startStream({ channelId: "jazz" });
    relay.session.say({
      type: "error",
      code: "taken-over",
      message: "by another session",
      channelId: "jazz",
    });
    relay.session.stopIngest();
    await time.advance(600);
    expect(of("broadcastEnded")).toMatchObject([
      { channelId: "jazz", reason: { code: "taken-over" } },
    ]);
    await expect(broadcast.write(mp3)).rejects.toMatchObject({ code: "taken-over" });
    relay.session.die();
    await time.advance(500);
    expect(relay.sessions).toHaveLength(2);
    expect(relay.session.asked).toEqual([]);
  });

  it("refuses the newest request where too many wait for a session", async () => {
    client = makeClient({ maxQueued: 2 });
    relay.isUp = false;
    void client.connect();
    await settle();
    const set = (trackName: string) => client.updateMetadata({ channelId: "jazz", trackName });
    const waiting = [set("1"), set("2")];
    await expect(set("3")).rejects.toMatchObject({ code: "queue-full" });
    expect(client.stats).toMatchObject({ requestsWaiting: 2 });
    relay.isUp = true;
    await time.advance(500);
    await Promise.all(waiting);
    expect(relay.session.requests.slice(1).map((request) => request["trackName"])).toEqual([
      "1",
      "2",
    ]);
    expect(of("requestsWaiting")).toEqual([1, 2, 0]);
  });
});
