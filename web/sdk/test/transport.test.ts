import { describe, expect, it } from "vitest";
import { connectWebTransport, parseHash } from "../src/transport.js";

describe("a certificate's hash", () => {
  it("is read with and without colons, and as bytes", () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, n) => n * 8);
    const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
    for (const hash of [digits.join(""), digits.join(":").toUpperCase(), bytes]) {
      expect(parseHash(hash)).toEqual(bytes);
    }
  });

  it.each(["", "abc", "zz".repeat(32), new Uint8Array(31)])("is refused: %s", async (hash) => {
    const opening = connectWebTransport({ url: "https://localhost/", certificateHashes: [hash] });
    await expect(opening).rejects.toMatchObject({ code: "setup", isPassing: false });
  });
});

describe("a browser without WebTransport", () => {
  it("is told so, for good", async () => {
    const opening = connectWebTransport({ url: "https://localhost/" });
    await expect(opening).rejects.toMatchObject({ code: "unsupported", isPassing: false });
  });
});
