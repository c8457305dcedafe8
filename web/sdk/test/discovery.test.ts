import { beforeEach, describe, expect, it } from "vitest";
import { discoverRelay, type FetchRelay } from "../src/discovery.js";
import { Rig } from "./rig.js";

const HASH = "ab".repeat(32);
const told = {
  protocol: "skywave/1",
  server: "skywave/0.1.0",
  url: "https://localhost:4433/",
  certificateHashes: [HASH],
  auth: "tokens",
};

let rig: Rig;
let asked: string[];
let answer: () => unknown;
const fetchRelay: FetchRelay = (address) => {
  asked.push(address);
  return Promise.resolve().then(answer);
};

beforeEach(() => {
  rig = new Rig();
  asked = [];
  answer = () => told;
});

describe("a relay's address", () => {
  it("is what its pages tell", async () => {
    const address = await discoverRelay("http://localhost:8080/", fetchRelay);
    expect(asked).toEqual(["http://localhost:8080/api/relay"]);
    expect(address).toEqual({
      url: "https://localhost:4433/",
      certificateHashes: [HASH],
      auth: "tokens",
      server: "skywave/0.1.0",
    });
  });

  it.each([
    ["no object", "hello"],
    ["without an URL", { certificateHashes: [] }],
    ["with hashes that are no texts", { ...told, certificateHashes: [7] }],
  ])("is refused, in words, where the answer is %s", async (_, json) => {
    answer = () => json;
    await expect(discoverRelay("http://localhost:8080", fetchRelay)).rejects.toMatchObject({
      code: "connect",
      message: expect.stringContaining("http://localhost:8080/api/relay") as string,
    });
  });
});

describe("a client that knows the relay's pages", () => {
  it("asks them before each session, and goes where they say", async () => {
    const client = rig.client({ relay: "http://localhost:8080", fetchRelay });
    await client.connect();
    answer = () => ({ ...told, url: "https://localhost:5544/", certificateHashes: [] });
    rig.relay.session.die();
    await rig.time.advance(500);
    expect(asked).toHaveLength(2);
    expect(rig.relay.called).toEqual([
      { url: "https://localhost:4433/", certificateHashes: [HASH] },
      { url: "https://localhost:5544/", certificateHashes: [] },
    ]);
  });

  it("tries again, and says why, while they do not answer", async () => {
    answer = () => {
      throw new Error("Failed to fetch");
    };
    const client = rig.client({ relay: "http://localhost:8080", fetchRelay });
    const connected = client.connect();
    await rig.time.advance(500);
    expect(asked.length).toBeGreaterThan(1);
    expect(rig.relay.attempts).toEqual([]);
    expect(rig.of("connectionStatus").at(-1)).toMatchObject({
      state: "reconnecting",
      reason: {
        code: "connect",
        message: `the relay's address cannot be asked for at ${asked[0] ?? ""}: Failed to fetch`,
      },
    });
    answer = () => told;
    await rig.time.advance(1_000);
    await expect(connected).resolves.toMatchObject({ server: "scripted/1" });
  });

  it("gives an answer up that does not come", async () => {
    let signal: AbortSignal | undefined;
    const client = rig.client({
      relay: "http://localhost:8080",
      fetchRelay: (_, given) => {
        signal = given;
        return new Promise(() => undefined);
      },
    });
    void client.connect();
    await rig.time.advance(15_010);
    expect(signal?.aborted).toBe(true);
    expect(rig.of("connectionStatus").at(-1)).toMatchObject({
      reason: {
        code: "connect",
        message: "cannot connect to the relay of http://localhost:8080: no answer",
      },
    });
  });

  it("needs one of the two addresses", () => {
    expect(() => rig.client({ url: undefined })).toThrow(/one of the options relay and url/);
    expect(() => rig.client({ relay: "http://a", url: "https://b" })).toThrow(/relay and url/);
  });
});
