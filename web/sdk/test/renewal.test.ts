import { beforeEach, describe, expect, it } from "vitest";
import type { SkywaveClient } from "../src/client.js";
import { renewalBytes } from "../src/engine.js";
import type { Frame } from "../src/group.js";
import type { ClientOptions } from "../src/options.js";
import { Rig } from "./rig.js";
import { datagram, group, refuse, type RelaySession } from "./scripted-relay.js";
import { settle } from "./virtual-time.js";

let rig: Rig;
let client: SkywaveClient;
let seqs: number[];
const onFrame = (frame: Frame) => void seqs.push(frame.seq);

beforeEach(() => {
  rig = new Rig();
  seqs = [];
});

const [oldSession, freshSession] = [0, 1].map((index) => (): RelaySession => {
  const session = rig.relay.sessions[index];
  if (!session) throw new Error("no such session yet");
  return session;
}) as [() => RelaySession, () => RelaySession];

/** A listener of jazz that has heard 1000 to 1002, on the first session. */
async function listen(options: Partial<ClientOptions> = {}): Promise<void> {
  client = rig.client(options);
  await client.connect();
  await client.joinStream({ channelId: "jazz", onFrame });
  oldSession().openAudio(4, group(1_000, 3));
  await settle();
  expect(seqs).toEqual([1_000, 1_001, 1_002]);
}

describe("moving to a fresh session", () => {
  it("hears each frame once, and closes the old session after that", async () => {
    await listen();
    rig.relay.nextSeq = 1_001;
    const renewed = client.renew();
    await rig.time.advance(10);
    expect(freshSession().requests).toMatchObject([
      { type: "hello" },
      { type: "stream:join", channelId: "jazz", wait: true },
    ]);
    expect(oldSession().isClosed).toBe(false);
    oldSession().sendDatagram(datagram(0x01, [4], group(1_003, 2)));
    await settle();
    expect(seqs.at(-1)).toBe(1_004);
    freshSession().openAudio(4, group(1_001, 4));
    await renewed;
    expect(oldSession().isClosed).toBe(true);
    freshSession().sendDatagram(datagram(0x01, [4], group(1_005, 1)));
    await settle();
    expect(seqs).toEqual([1_000, 1_001, 1_002, 1_003, 1_004, 1_005]);
    expect(rig.states).toEqual(["connecting", "connected", "connected"]);
    expect(client.stats).toMatchObject({ sessions: 2 });
  });

  it("stays with both until the old one has told all that the fresh one lacks", async () => {
    await listen();
    rig.relay.nextSeq = 1_006;
    const renewed = client.renew();
    await rig.time.advance(10);
    freshSession().openAudio(4, group(1_006, 3));
    await rig.time.advance(100);
    expect(seqs).toHaveLength(3);
    expect(oldSession().isClosed).toBe(false);
    oldSession().sendDatagram(datagram(0x01, [4], group(1_003, 3)));
    await renewed;
    expect(seqs).toEqual([1_000, 1_001, 1_002, 1_003, 1_004, 1_005, 1_006, 1_007, 1_008]);
  });

  it("tells what changed on the air, titles and watches once", async () => {
    const stream = { channelId: "jazz", streamId: 3, startedAt: 7, listeners: 1 };
    rig.relay.active = [stream];
    rig.relay.metadata = [{ revision: 4, seq: 990, trackName: "So What" }];
    await listen();
    await client.watchRelay();
    rig.relay.active = [stream, { ...stream, channelId: "news", streamId: 9 }];
    rig.relay.nextSeq = 1_003;
    const renewed = client.renew();
    await rig.time.advance(10);
    expect(rig.of("streamStarted")).toHaveLength(1);
    freshSession().sendDatagram(datagram(0x04, [4, 9, 2]));
    await settle();
    freshSession().sendDatagram(datagram(0x01, [4], group(1_003, 1)));
    await renewed;
    expect(freshSession().asked).toEqual(["stream:join", "relay:watch"]);
    expect(rig.of("streamStarted").map(({ channelId }) => channelId)).toEqual(["jazz", "news"]);
    expect(rig.of("metadataUpdate")).toHaveLength(1);
    expect(rig.of("listenerCount")).toHaveLength(1);
  });

  it("goes on with the old session where the fresh one fails", async () => {
    await listen();
    rig.relay.scripts["stream:join"] = () => refuse("limit-reached");
    await expect(client.renew()).rejects.toMatchObject({ code: "limit-reached" });
    expect(freshSession().isClosed).toBe(true);
    oldSession().sendDatagram(datagram(0x01, [4], group(1_003, 1)));
    await settle();
    expect(seqs.at(-1)).toBe(1_003);
    rig.relay.isUp = false;
    await expect(client.renew()).rejects.toMatchObject({ code: "connect" });
    expect(rig.states).toEqual(["connecting", "connected"]);
    expect(oldSession().isClosed).toBe(false);
  });

  it("reconnects as ever where the old session is lost on the way", async () => {
    await listen();
    rig.relay.nextSeq = 1_010;
    const renewed = client.renew();
    const refused = expect(renewed).rejects.toMatchObject({ code: "lost" });
    await rig.time.advance(10);
    oldSession().die();
    await rig.time.advance(500);
    await refused;
    expect(freshSession().isClosed).toBe(true);
    expect(rig.relay.sessions).toHaveLength(3);
    expect(rig.states.at(-1)).toBe("connected");
    rig.relay.session.openAudio(4, group(1_010, 1));
    await settle();
    expect(seqs.at(-1)).toBe(1_010);
  });

  it("lets requests wait, and puts them to the fresh session", async () => {
    await listen();
    rig.relay.nextSeq = 1_003;
    const renewed = client.renew();
    await rig.time.advance(10);
    const joined = client.joinStream({ channelId: "blues", onFrame });
    await rig.time.advance(10);
    expect(client.stats.requestsWaiting).toBe(1);
    freshSession().sendDatagram(datagram(0x01, [4], group(1_003, 1)));
    await renewed;
    await joined;
    expect(oldSession().asked).toEqual(["stream:join"]);
    expect(freshSession().asked).toEqual(["stream:join", "stream:join"]);
    await client.leaveStream("jazz");
    expect(freshSession().asked.at(-1)).toBe("stream:leave");
  });

  it("takes along what is joined while the fresh session comes about", async () => {
    await listen();
    rig.relay.nextSeq = 1_003;
    const joined = client.joinStream({ channelId: "blues", onFrame });
    const renewed = client.renew();
    await rig.time.advance(3_100);
    await Promise.all([renewed, joined]);
    expect(oldSession().requests.slice(1).map(({ channelId }) => channelId)).toEqual([
      "jazz",
      "blues",
    ]);
    expect(freshSession().requests.slice(1).map(({ channelId }) => channelId)).toEqual([
      "jazz",
      "blues",
    ]);
  });

  it("is put off while requests are under way for long", async () => {
    await listen();
    rig.relay.scripts["session:list"] = () => undefined;
    const listed = expect(client.listSessions()).rejects.toMatchObject({ code: "no-answer" });
    const refused = expect(client.renew()).rejects.toMatchObject({ code: "no-answer" });
    await rig.time.advance(1_010);
    await refused;
    expect(rig.relay.sessions.map((session) => session.isClosed)).toEqual([false, true]);
    await rig.time.advance(10_000);
    await listed;
  });

  it("does not hang on a channel that is silent", async () => {
    await listen();
    rig.relay.nextSeq = 1_003;
    const renewed = client.renew();
    await rig.time.advance(3_100);
    await renewed;
    expect(oldSession().isClosed).toBe(true);
  });

  it("is refused while this client is on the air", async () => {
    await listen();
    await client.startStream({ channelId: "mine" });
    await expect(client.renew()).rejects.toMatchObject({ code: "on-the-air" });
    expect(rig.relay.sessions).toHaveLength(1);
  });

  it("ends with the client", async () => {
    await listen();
    rig.relay.nextSeq = 1_003;
    const refused = expect(client.renew()).rejects.toMatchObject({ code: "disconnected" });
    await rig.time.advance(10);
    client.disconnect();
    await refused;
    expect(rig.relay.sessions.map((session) => session.isClosed)).toEqual([true, true]);
  });
});

describe("a renewal by itself", () => {
  it("comes after so many bytes, and again after so many of the fresh session", async () => {
    await listen({ renewAfterBytes: 3_000 });
    const play = async (session: RelaySession, from: number, frames: number) => {
      for (let seq = from; seq < from + frames; seq += 20) {
        session.sendDatagram(datagram(0x01, [4], group(seq, 20)));
      }
      await rig.time.advance(10);
    };
    await play(oldSession(), 1_003, 200);
    expect(rig.relay.sessions).toHaveLength(1);
    rig.relay.nextSeq = 1_403;
    await play(oldSession(), 1_203, 200);
    expect(rig.relay.sessions).toHaveLength(2);
    await play(freshSession(), 1_403, 20);
    expect(oldSession().isClosed).toBe(true);
    rig.relay.nextSeq = 1_823;
    await play(freshSession(), 1_423, 400);
    expect(rig.relay.sessions).toHaveLength(3);
    expect(seqs).toHaveLength(823);
  });

  it("is for WebKit", () => {
    const mozilla = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ";
    const webkit = `${mozilla}AppleWebKit/605.1.15 (KHTML, like Gecko) `;
    const bytes = 12 * 1024 * 1024;
    expect(renewalBytes(`${webkit}Version/26.4 Safari/605.1.15`)).toBe(bytes);
    expect(renewalBytes(`${webkit}CriOS/156.0 Mobile/15E148 Safari/604.1`)).toBe(bytes);
    expect(renewalBytes(`${webkit}Chrome/156.0.0.0 Safari/537.36`)).toBe(Infinity);
    expect(renewalBytes(`${mozilla}Gecko/20100101 Firefox/153.0`)).toBe(Infinity);
    expect(renewalBytes("")).toBe(Infinity);
  });
});
