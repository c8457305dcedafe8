import { SkywaveClient } from "@skywave/client";
import { beforeEach, describe, expect, it } from "vitest";
import { group, refuse, ScriptedRelay } from "../../sdk/test/scripted-relay.js";
import { VirtualTime } from "../../sdk/test/virtual-time.js";
import type { Aim, Block } from "../src/core/types.js";
import type { Decoder } from "../src/decoder.js";
import type { PlayerOptions, PlayerState } from "../src/state.js";
import { Tuner } from "../src/tuner.js";

const EPOCH = 1_795_000_000_000_000;
const FRAME = 26_122;
const RATE = 48_000;
const LATENCY_S = 0.02;
const TARGET_MS = 400;
const CHANNEL = "jazz";

/** The tuner between a scripted relay and an output that plays what it aims at. */
class Rig {
  readonly time = new VirtualTime();
  readonly relay = new ScriptedRelay(this.time);
  readonly states: PlayerState[] = [];
  readonly decoded: number[] = [];
  blocks: Block[] = [];
  cleared = 0;
  #aim: Aim | undefined;
  readonly tuner: Tuner;

  constructor() {
    this.tuner = new Tuner({
      time: this.time,
      openClient: () =>
        new SkywaveClient({
          url: "https://relay.example/",
          time: this.time,
          connect: this.relay.connect,
          random: () => 0.5,
        }),
      openDecoder: ({ onBlock }) => this.#decoder(onBlock),
      render: (message) => {
        if (message.type === "aim") this.#aim = message.aim;
        else if (message.type === "block") this.blocks.push(message.block);
        else {
          this.cleared += 1;
          this.blocks = [];
        }
      },
      onState: (state) => this.states.push(state),
    });
  }

  get state(): PlayerState {
    const state = this.states.at(-1);
    if (!state) throw new Error("no state was told");
    return state;
  }

  get statuses(): string[] {
    return this.states.map(({ status }) => status).filter((now, at, all) => now !== all[at - 1]);
  }

  get relayNow(): number {
    return this.time.now() + EPOCH;
  }

  async play(options: Partial<PlayerOptions> = {}): Promise<void> {
    this.tuner.restartOutput(RATE);
    this.tuner.play({ channelId: CHANNEL, ...options });
    await this.run(100);
  }

  /** Frames from `seq` on, of which the first one has this time. */
  send(seq: number, count: number, time: number): void {
    this.relay.session.openAudio(CHANNEL.length, group(seq, count, time));
  }

  /** Lets time pass, while the page reads its output and the renderer reports. */
  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 20) {
      await this.time.advance(20);
      this.#report();
      const seconds = this.time.now() / 1e6;
      this.tuner.read({
        contextTime: seconds - LATENCY_S,
        localTime: this.time.now(),
        currentTime: seconds,
        readAt: this.time.now(),
      });
    }
  }

  #report(): void {
    const frame = (this.time.now() * RATE) / 1e6;
    const aim = this.#aim;
    const aimed = aim && aim.time + (frame - aim.frame) * aim.step;
    const block = this.blocks.find(
      ({ time }) => aimed !== undefined && aimed >= time && aimed < time + FRAME,
    );
    this.tuner.report({
      frame,
      time: block && aimed,
      seq: block?.seq,
      error: 0,
      ppm: 0,
      buffered: 0,
      gaps: 0,
      concealed: 0,
      resyncs: 0,
      late: 0,
    });
  }

  #decoder(onBlock: (block: Block) => void): Decoder {
    return {
      kind: "webcodecs",
      pending: 0,
      lost: 0,
      decode: ({ seq, time }) => {
        this.decoded.push(seq);
        const channels = [new Float32Array(1_152)];
        onBlock({ seq, time, sampleRate: 44_100, channels, audible: true });
      },
      reset: () => undefined,
      drain: () => Promise.resolve(),
      close: () => undefined,
    };
  }
}

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});

describe("Tuner", () => {
  it("goes from connecting over buffering to playing", async () => {
    await rig.play();
    expect(rig.state.status).toBe("buffering");
    rig.send(1_000, 60, rig.relayNow - 300_000);
    await rig.run(300);
    expect(rig.statuses).toEqual(["connecting", "buffering", "playing"]);
    expect(rig.state).toMatchObject({ delayMs: TARGET_MS, listeners: 1, quality: "unknown" });
    await rig.run(600);
    expect(rig.state.quality).toBe("good");
  });

  it("sounds each frame at its time and the target delay, the way to the ear included", async () => {
    await rig.play();
    rig.send(1_000, 60, rig.relayNow);
    await rig.run(600);
    const { heardTime = 0, relayNow = 0, outputLatencyMs } = rig.tuner.telemetry();
    expect((relayNow - heardTime) / 1_000).toBeCloseTo(TARGET_MS, 1);
    expect(outputLatencyMs).toBeCloseTo(LATENCY_S * 1_000, 1);
  });

  it("shows a title when its first frame is heard", async () => {
    rig.relay.metadata = [{ revision: 1, seq: 900, trackName: "Before" }];
    await rig.play();
    const begin = rig.relayNow;
    rig.send(1_000, 60, begin);
    rig.relay.session.say({
      type: "stream:metadata",
      channelId: CHANNEL,
      revision: 2,
      seq: 1_020,
      trackName: "After",
    });
    await rig.run(600);
    expect(rig.state.title).toEqual({ trackName: "Before" });
    const due = begin + 20 * FRAME + TARGET_MS * 1_000;
    let shown: number | undefined;
    while (shown === undefined && rig.relayNow < due + 200_000) {
      await rig.run(20);
      if (rig.state.title?.trackName === "After") shown = rig.relayNow;
    }
    expect(Math.abs((shown ?? 0) - due)).toBeLessThan(25_000);
    expect(rig.state.history.map(({ title }) => title.trackName)).toEqual(["After", "Before"]);
    expect(Math.abs((rig.state.history[0]?.at ?? 0) * 1_000 + EPOCH - due)).toBeLessThan(2_000);
  });

  it("plays out what it has, says that nobody is on the air, and plays again by itself", async () => {
    await rig.play();
    rig.send(1_000, 30, rig.relayNow);
    await rig.run(500);
    rig.relay.session.say({ type: "stream:offline", channelId: CHANNEL });
    await rig.run(100);
    expect(rig.state.status).toBe("playing");
    await rig.run(1_500);
    expect(rig.state.status).toBe("offline");
    expect(rig.state.reason).toContain("Nobody is on the air");
    rig.relay.session.say({ type: "stream:live", channelId: CHANNEL });
    rig.send(1_030, 30, rig.relayNow);
    await rig.run(500);
    expect(rig.state.status).toBe("playing");
  });

  it("says that it reconnects, and plays on", async () => {
    await rig.play();
    rig.send(1_000, 30, rig.relayNow);
    await rig.run(500);
    rig.relay.isUp = false;
    rig.relay.session.die();
    await rig.run(300);
    expect(rig.state.status).toBe("reconnecting");
    expect(rig.state.reason).toContain("cannot be reached");
    rig.relay.isUp = true;
    rig.relay.nextSeq = 1_100;
    await rig.run(2_000);
    expect(rig.state.status).toBe("buffering");
    rig.send(1_100, 40, rig.relayNow);
    await rig.run(700);
    expect(rig.state.status).toBe("playing");
  });

  it("takes a relay that counts anew from far back for another broadcast", async () => {
    rig.relay.nextSeq = 900_000;
    await rig.play();
    rig.send(900_000, 30, rig.relayNow);
    await rig.run(500);
    rig.relay.nextSeq = 500;
    rig.relay.session.die();
    await rig.run(2_000);
    rig.send(500, 40, rig.relayNow);
    await rig.run(700);
    expect(rig.decoded.slice(-40)).toEqual(Array.from({ length: 40 }, (_, n) => 500 + n));
    expect(rig.state.status).toBe("playing");
  });

  it("fails in words where the relay refuses", async () => {
    rig.relay.scripts["stream:join"] = () => refuse("forbidden");
    await rig.play();
    expect(rig.state).toMatchObject({
      status: "failed",
      reason: "The access token does not allow this station",
    });
  });

  it("joins again for another delay, without decoding anything twice", async () => {
    await rig.play();
    rig.send(1_000, 30, rig.relayNow);
    await rig.run(200);
    await Promise.all([rig.tuner.setDelay("low"), rig.run(200)]);
    expect(rig.relay.session.requests.map(({ type }) => type).slice(1)).toEqual([
      "stream:join",
      "stream:leave",
      "stream:join",
    ]);
    expect(rig.relay.session.requests.at(-1)).toMatchObject({ latencyMs: 0 });
    expect(rig.state.delayMs).toBe(100);
    rig.send(1_000, 35, rig.relayNow);
    await rig.run(100);
    expect(rig.decoded).toEqual(Array.from({ length: 35 }, (_, n) => 1_000 + n));
  });

  it("is silent and gone from the relay after a stop", async () => {
    await rig.play();
    rig.send(1_000, 30, rig.relayNow);
    await rig.run(500);
    rig.tuner.stop();
    expect(rig.cleared).toBe(1);
    expect(rig.state).toMatchObject({ status: "idle", quality: "unknown" });
    const told = rig.states.length;
    await rig.run(3_000);
    expect(rig.states).toHaveLength(told);
    expect(rig.relay.attempts).toHaveLength(1);
  });
});
