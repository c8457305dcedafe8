import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { packages } from "../workspace.config.js";

/** Bytes, gzipped, that a page which embeds the player may have to load before it plays. */
const MAX_BYTES = 40 * 1024;
/** The decoder that is fetched only where a browser has none of its own. */
const OPTIONAL = /mpg123/;

/**
 * The player for pages anywhere: one script that finds the rest beside itself, whatever
 * address it is served from.
 */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  publicDir: false,
  resolve: { alias: packages },
  plugins: [checkSize()],
  build: {
    outDir: fileURLToPath(new URL("../dist/embed", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    assetsDir: "",
    rolldownOptions: {
      input: fileURLToPath(new URL("./src/embed.ts", import.meta.url)),
      preserveEntrySignatures: "exports-only",
      output: { entryFileNames: "skywave-player.js" },
    },
  },
  worker: { format: "es" },
});

/** Fails the build where the script, its worker and its worklet are too large together. */
function checkSize(): Plugin {
  return {
    name: "skywave:check-size",
    writeBundle(_options, bundle) {
      let total = 0;
      for (const [name, file] of Object.entries(bundle)) {
        const content = file.type === "chunk" ? file.code : file.source;
        if (!OPTIONAL.test(name)) total += gzipSync(content).length;
      }
      this.info(`the player loads ${total} of at most ${MAX_BYTES} bytes, gzipped`);
      if (total > MAX_BYTES) this.error("the embedded player is too large");
    },
  };
}
