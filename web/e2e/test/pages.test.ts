import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { complaintsOf, launchChromium } from "../src/browsers.js";
import { OUT } from "../src/figures.js";
import { expect, test } from "../src/stage.js";

const WIDTHS = [390, 1280];
const SCHEMES = ["light", "dark"] as const;

/** A page in a state, and what is there once it has been reached. */
interface View {
  readonly name: string;
  readonly path: string;
  readonly ready: (page: Page) => Promise<void>;
}

const VIEWS: readonly View[] = [
  {
    name: "stations",
    path: "/",
    ready: (page) => page.getByText("music").first().waitFor(),
  },
  {
    name: "station",
    path: "/?channel=music",
    ready: (page) => page.getByRole("button", { name: /^(play|listen)\b/i }).waitFor(),
  },
  {
    name: "nothing on the air there",
    path: "/?channel=nobody",
    ready: (page) => page.getByText("nobody").first().waitFor(),
  },
  {
    name: "studio, before signing in",
    path: "/studio",
    ready: (page) => page.locator("#sign-in").waitFor(),
  },
  {
    name: "studio",
    path: "/studio",
    ready: async (page) => {
      await page.locator("#name").fill("Ada");
      await page.locator("#sign-in").click();
      await page.locator("#go-live").waitFor();
    },
  },
  {
    name: "admin",
    path: "/admin",
    ready: (page) => page.getByText("music").first().waitFor(),
  },
];

interface AxeResult {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
}

for (const view of VIEWS) {
  test(`${view.name}: no serious fault of accessibility, no complaint, at every width`, async ({
    relay,
    card,
    station,
    directory,
  }) => {
    expect(station).toBe("music");
    const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const context = await launchChromium(join(directory, "profile"), card.environment(0));
    await mkdir(join(OUT, "pages"), { recursive: true });
    try {
      for (const colorScheme of SCHEMES) {
        for (const width of WIDTHS) {
          const page = await context.newPage();
          const complaints = complaintsOf(page);
          await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
          await page.emulateMedia({ colorScheme });
          await page.goto(`${relay.pages}${view.path}`);
          await view.ready(page);
          const name = `${view.name.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: join(OUT, "pages", name), fullPage: true });
          const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect(wide, "px that stick out at the side").toBeLessThanOrEqual(0);
          await page.evaluate(axe);
          const violations = await page.evaluate<AxeResult[]>(
            `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({
              id, impact, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary }))
            })))`,
          );
          const isSerious = ({ impact }: AxeResult): boolean =>
            impact === "serious" || impact === "critical";
          expect(violations.filter(isSerious), name).toEqual([]);
          expect(complaints, name).toEqual([]);
          await page.close();
        }
      }
    } finally {
      await context.close();
    }
  });
}

test("pages come with a strict content security policy, and isolated", async ({ relay }) => {
  for (const path of ["/", "/studio", "/admin"]) {
    const { status, headers } = await fetch(relay.pages + path);
    expect(status, `${path}: are the pages built?`).toBe(200);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(new URL(relay.network.url).origin);
    expect(policy).not.toContain("unsafe-inline");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  }
});
