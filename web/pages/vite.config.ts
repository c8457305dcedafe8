import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { packages } from "../workspace.config.js";

const page = (name: string) => fileURLToPath(new URL(`./${name}.html`, import.meta.url));

/** The relay's own pages, as it serves them: `web/dist`, everything but the HTML named by hash. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/",
  resolve: { alias: packages },
  build: {
    outDir: fileURLToPath(new URL("../dist", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // Pages may load no script or font from a data: address.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index", "studio", "admin"].map(page) },
  },
  worker: { format: "es" },
});
