import { describe, expect, it } from "vitest";
import type { Fragment } from "../src/datagram.js";
import type { Frame } from "../src/group.js";
import { Order } from "../src/order.js";

const frame = (seq: number): Frame => ({
  seq,
  time: seq * 10,
  discontinuity: false,
  data: Uint8Array.of(seq % 256),
});

function drain(order: Order, now: number): number[] {
  const heard = [];
  for (let next = order.pop(now); next; next = order.pop(now)) heard.push(next.seq);
  return heard;
}

describe("the order of frames", () => {
  it("gives them in order and once", () => {
    const order = new Order(5);
    for (const seq of [7, 6, 4, 7, 5, 8]) order.push(frame(seq));
    expect(drain(order, 0)).toEqual([5, 6, 7, 8]);
    expect(order.missing).toBe(0);
  });

  it("gives a missing frame up after 200 ms, marks the gap, and leaves a late one out", () => {
    const order = new Order(0);
    order.push(frame(0));
    order.push(frame(3));
    expect(drain(order, 1_000)).toEqual([0]);
    expect(order.deadline).toBe(201_000);
    expect(drain(order, 200_999)).toEqual([]);
    expect(order.pop(201_000)).toMatchObject({ seq: 3, discontinuity: true });
    expect(order.missing).toBe(2);
    expect(order.deadline).toBeUndefined();
    order.push(frame(1));
    order.push(frame(4));
    expect(order.pop(201_000)).toMatchObject({ seq: 4, discontinuity: false });
  });

  it("holds a bounded number, and counts what it gave up", () => {
    const order = new Order(0);
    for (let seq = 1; seq < 5_000; seq++) order.push(frame(seq));
    const heard = drain(order, 0);
    expect(heard).toHaveLength(512);
    expect(heard.at(-1)).toBe(4_999);
    expect(heard.length + order.missing).toBe(5_000);
  });

  it("does not wait where a fresh stream goes on further ahead", () => {
    const order = new Order(0);
    order.push(frame(0));
    order.push(frame(100));
    expect(drain(order, 0)).toEqual([0]);
    expect(order.skipTo(100)).toBe(99);
    expect(order.skipTo(100)).toBe(0);
    expect(drain(order, 0)).toEqual([100]);
    expect(order.missing).toBe(99);
  });

  it("puts a frame together from its pieces in any order, repeated and overlapping", () => {
    const whole = Uint8Array.from({ length: 250 }, (_, n) => n);
    const piece = (seq: number, offset: number, end: number): Fragment => ({
      ...frame(seq),
      kind: "fragment",
      handle: 1,
      total: whole.length,
      offset,
      data: whole.subarray(offset, end),
    });
    const order = new Order(1);
    for (const [offset, end] of [
      [200, 250],
      [0, 100],
      [200, 250],
      [50, 150],
    ] as const) {
      order.pushFragment(piece(1, offset, end));
    }
    expect(order.pop(0)).toBeUndefined();
    order.pushFragment(piece(1, 100, 200));
    expect(order.pop(0)?.data).toEqual(whole);
    // Of very many unfinished frames only the newest are kept.
    for (let seq = 2; seq < 102; seq++) order.pushFragment(piece(seq, 0, 100));
    for (let seq = 2; seq < 102; seq++) order.pushFragment(piece(seq, 100, 250));
    const late = order.pop(200_000) ?? order.pop(400_000);
    expect(late?.seq).toBe(86);
  });
});
