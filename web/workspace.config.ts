import { fileURLToPath } from "node:url";

/** The workspace's own packages, read as source wherever they are imported by name. */
export const packages = {
  "@skywave/client": fileURLToPath(new URL("./sdk/src/index.ts", import.meta.url)),
  "@skywave/player": fileURLToPath(new URL("./player/src/index.ts", import.meta.url)),
};
