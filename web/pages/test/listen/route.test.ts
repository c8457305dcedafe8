import { describe, expect, it } from "vitest";
import { readDelay, readRoute, routeHref, shareUrl } from "../../src/listen/route.js";

describe("the address of the listen page", () => {
  it("names the station, the delay and the delivery", () => {
    expect(readRoute("?channel=jazz&delay=low&delivery=datagram")).toEqual({
      channelId: "jazz",
      delay: "low",
      delivery: "datagram",
    });
  });

  it("leaves out what cannot be used", () => {
    expect(readRoute("?channel=%2E%2E%2Fetc&delay=soon&delivery=pigeon")).toEqual({});
    expect(readRoute("?channel=.hidden")).toEqual({});
    expect(readRoute(`?channel=${"a".repeat(65)}`)).toEqual({});
  });

  it("is read back as it was written", () => {
    const route = { channelId: "night.shift-2", delay: 350, delivery: "stream" } as const;
    expect(readRoute(new URL(routeHref(route), "https://radio.example/").search)).toEqual(route);
    expect(routeHref({})).toBe("./");
  });

  it("takes a delay of 1 to 5000 ms", () => {
    expect([readDelay("1"), readDelay("5000")]).toEqual([1, 5000]);
    expect([readDelay("0"), readDelay("5001"), readDelay("-1"), readDelay("1e3")]).toEqual(
      Array(4).fill(undefined),
    );
  });

  it("is shared without this listener's own choices and token", () => {
    expect(shareUrl("https://radio.example/?delay=low&channel=x#token=abc", "jazz")).toBe(
      "https://radio.example/?channel=jazz",
    );
  });
});
