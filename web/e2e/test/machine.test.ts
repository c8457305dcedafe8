import { expect, test } from "@playwright/test";
import { Machine } from "../src/machine.js";
import { mayRunFirst } from "../src/programs.js";

test("a processor that stands still is noted, where the tests may watch it", async () => {
  const machine = await Machine.watch();
  expect(machine.pids.length > 0).toBe(await mayRunFirst());
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  for (const pid of machine.pids) {
    // A sentry that has not begun yet notes nothing: again, until it does.
    const stopAndLook = async (): Promise<number> => {
      process.kill(pid, "SIGSTOP");
      await pause(60);
      process.kill(pid, "SIGCONT");
      await pause(60);
      return machine.stills.filter(({ from, to }) => to - from > 50).length;
    };
    await expect.poll(stopAndLook, { timeout: 20_000 }).toBeGreaterThan(0);
  }
  await machine.close();
});
