import { defineConfig } from "vitest/config";
import { packages } from "./workspace.config.js";

export default defineConfig({
  resolve: { alias: packages },
  test: { include: ["{sdk,player,pages}/test/**/*.test.ts"], testTimeout: 5_000 },
});
