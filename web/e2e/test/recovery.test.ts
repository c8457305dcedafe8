import { differences, during, quantile, track } from "../src/analysis.js";
import { figure, isLong, span, spread } from "../src/figures.js";
import { Front } from "../src/front.js";
import type { Listener } from "../src/listener.js";
import { Network } from "../src/network.js";
import type { Recording } from "../src/recording.js";
import { expect, test, type Lasting } from "../src/stage.js";

/** What two listeners may differ by once both have settled again, ms. */
const IN_STEP_MS = 40;
const SETTLING = span(4, 10);
const COMPARED = span(3, 10);

for (const cut of isLong ? [5, 30] : [5]) {
  test(`a network that is cut for ${cut} s`, async ({ relay, card, station, source, arrive }) => {
    const recording = await card.record(cut + 90);
    const network = await Network.open();
    network.leadTo(Number(new URL(relay.url).port));
    const front = await Front.open(relay.pages, { network });
    const [near, far] = [await arrive("chromium", 0), await arrive("chromium", 1)];
    await near.open(relay.pages, { channel: station });
    await near.play(recording);
    await far.open(front.pages, { channel: station });
    await far.play(recording);
    await recording.further(2);

    network.cut();
    const gone = recording.seconds;
    await recording.until(gone + cut);
    const told = await far.state();
    network.mend();
    const mended = recording.seconds;
    const back = await soundAgain(recording, far, mended);
    await recording.until(back + SETTLING + COMPARED);
    await recording.stop();
    front.close();
    network.close();

    const within = { from: back + SETTLING, to: back + SETTLING + COMPARED };
    const apart = compare(recording, source, within);
    await figure("recovery", {
      case: `network cut for ${cut} s`,
      toldMeanwhile: `${told.status}: ${told.reason ?? ""}`,
      soundAfterMs: Math.round((back - mended) * 1000),
      apartMs: spread(apart),
    });
    // Whether it is the network, a session finds out after some seconds.
    expect(cut > 10 ? ["reconnecting"] : ["reconnecting", "buffering"]).toContain(told.status);
    expect(quantile(apart.map(Math.abs), 0.99)).toBeLessThan(IN_STEP_MS);
  });
}

test("a relay that is killed and started again", async ({
  relay,
  card,
  station,
  source,
  arrive,
}) => {
  const recording = await card.record(120);
  const [first, second] = [await arrive("chromium", 0), await arrive("firefox", 1)];
  for (const listener of [first, second]) {
    await listener.open(relay.pages, { channel: station });
    await listener.play(recording);
  }
  await recording.further(2);

  await relay.kill();
  const killed = recording.seconds;
  await recording.until(killed + 3);
  await relay.restart();
  const restarted = recording.seconds;
  const back: number[] = [];
  for (const listener of [first, second]) {
    back.push(await soundAgain(recording, listener, restarted));
  }
  const both = Math.max(...back);
  await recording.until(both + SETTLING + COMPARED);
  await recording.stop();

  const within = { from: both + SETTLING, to: both + SETTLING + COMPARED };
  const apart = compare(recording, source, within);
  await figure("recovery", {
    case: "relay killed, and started again after 3 s",
    soundAfterMs: back.map((at) => Math.round((at - restarted) * 1000)),
    apartMs: spread(apart),
  });
  expect(quantile(apart.map(Math.abs), 0.99)).toBeLessThan(IN_STEP_MS);
});

/** Waits for sound of a listener who had none at `since`. */
function soundAgain(recording: Recording, listener: Listener, since: number): Promise<number> {
  return recording.sound(listener.ear, since, 0.05, 60);
}

/** What the ears 0 and 1 differ by, ms. */
function compare(
  recording: Recording,
  source: Lasting["source"],
  within: { from: number; to: number },
): number[] {
  const [one = [], other = []] = [0, 1].map((ear) =>
    during(track(recording.ear(ear), source.samples), within),
  );
  const apart = differences(one, other);
  expect(apart.length).toBeGreaterThan(COMPARED * 15);
  return apart;
}
