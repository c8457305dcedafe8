import { defineConfig } from "@playwright/test";

/** `SKYWAVE_LONG=1` gives each test the time that its figures need. */
const isLong = process.env["SKYWAVE_LONG"] === "1";

export default defineConfig({
  testDir: "test",
  outputDir: "out/results",
  // Timing is measured: one test at a time has the machine.
  workers: 1,
  fullyParallel: false,
  timeout: isLong ? 25 * 60_000 : 150_000,
  // A processor that is busy with something else for a moment is heard, and no fault of a page.
  retries: isLong ? 0 : 2,
  reporter: [["list"]],
  forbidOnly: true,
});
