import { expect, test } from "@playwright/test";
import { Machine } from "../src/machine.js";
import { output } from "../src/programs.js";
import { localTime } from "../src/recording.js";

test("a processor that stands still is noted, where the tests may watch it", async () => {
  const mayWatch = await output("chrt", ["--fifo", "50", "true"]).then(
    () => true,
    () => false,
  );
  const machine = Machine.watch();
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const from = localTime();
  if (mayWatch) {
    const [pid = 0] = machine.pids;
    // A sentry that has not begun yet notes nothing: again, until it does.
    const stopAndLook = async (): Promise<number> => {
      process.kill(pid, "SIGSTOP");
      await pause(60);
      process.kill(pid, "SIGCONT");
      await pause(60);
      return machine.stills({ from, to: localTime() });
    };
    await expect.poll(stopAndLook, { timeout: 20_000 }).toBeGreaterThan(0);
  } else {
    await pause(200);
    expect(machine.stills({ from: 0, to: localTime() })).toBe(0);
  }
  expect(machine.stills({ from: localTime() + 1000, to: Infinity })).toBe(0);
  await machine.close();
});
