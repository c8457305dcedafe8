import { createSocket, type Socket } from "node:dgram";
import { expect, test } from "@playwright/test";
import { quantile } from "../src/analysis.js";
import { Network, type Conditions } from "../src/network.js";

const PACKETS = 1000;

/** A socket that sends everything back. */
async function echo(): Promise<Socket> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  socket.on("message", (bytes, remote) => {
    socket.send(bytes, remote.port, remote.address);
  });
  return socket;
}

interface Journey {
  readonly order: number[];
  readonly roundTrips: number[];
}

/** Sends numbered packets through a network and back, one a millisecond. */
async function travel(conditions: Conditions, seed = 1): Promise<Journey> {
  const far = await echo();
  const network = await Network.open(conditions, seed);
  network.leadTo(far.address().port);
  const here = createSocket("udp4");
  const journey: Journey = { order: [], roundTrips: [] };
  const sent: number[] = [];
  here.on("message", (bytes) => {
    const number = bytes.readUInt32BE();
    journey.order.push(number);
    journey.roundTrips.push(performance.now() - (sent[number] ?? NaN));
  });
  await new Promise<void>((resolve) => {
    const pacer = setInterval(() => {
      if (sent.length < PACKETS) {
        const packet = Buffer.alloc(4);
        packet.writeUInt32BE(sent.length);
        sent.push(performance.now());
        here.send(packet, network.port, "127.0.0.1");
      } else if (journey.order.length + network.counts.lost === PACKETS) {
        clearInterval(pacer);
        resolve();
      }
    }, 1);
  });
  here.close();
  network.close();
  far.close();
  return journey;
}

const numbers = Array.from({ length: PACKETS }, (_, n) => n);

test("a clear network passes everything in order, at once", async () => {
  const { order, roundTrips } = await travel({ loss: 0, delayMs: 0, jitterMs: 0, ordered: true });
  expect(order).toEqual(numbers);
  expect(quantile(roundTrips, 0.5)).toBeLessThan(5);
});

test("loss is as asked for, in each direction", async () => {
  const conditions = { loss: 0.1, delayMs: 0, jitterMs: 0, ordered: true };
  const { order } = await travel(conditions, 4);
  const passed = 0.9 * 0.9 * PACKETS;
  expect(Math.abs(order.length - passed)).toBeLessThan(0.05 * PACKETS);
});

test("jitter delays each packet by itself, and reorders where that is asked for", async () => {
  const conditions = { loss: 0, delayMs: 10, jitterMs: 20, ordered: false };
  const { order, roundTrips } = await travel(conditions);
  expect(order).not.toEqual(numbers);
  expect([...order].sort((a, b) => a - b)).toEqual(numbers);
  expect(quantile(roundTrips, 0.01)).toBeGreaterThan(18);
  expect(quantile(roundTrips, 0.5)).toBeGreaterThan(34);
  expect(quantile(roundTrips, 0.5)).toBeLessThan(50);

  const ordered = await travel({ ...conditions, ordered: true });
  expect(ordered.order).toEqual(numbers);
});

test("a cut network passes nothing, until it is mended", async () => {
  const far = await echo();
  const network = await Network.open();
  network.leadTo(far.address().port);
  const here = createSocket("udp4");
  const answers: string[] = [];
  const answer = (): Promise<void> =>
    new Promise((resolve) => {
      here.once("message", (bytes) => {
        answers.push(bytes.toString());
        resolve();
      });
    });
  network.cut();
  here.send("lost", network.port, "127.0.0.1");
  await expect.poll(() => network.counts.cut).toBe(1);
  network.mend();
  const answered = answer();
  here.send("passed", network.port, "127.0.0.1");
  await answered;
  expect(answers).toEqual(["passed"]);
  here.close();
  network.close();
  far.close();
});
