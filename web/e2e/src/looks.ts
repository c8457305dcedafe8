import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import { OUT } from "./figures.js";

const WIDTHS = [390, 1280];
const SCHEMES = ["light", "dark"] as const;

interface AxeResult {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[];
}

/**
 * Looks at a page as it is, at every width and in both schemes: leaves pictures in
 * `out/pages`; nothing may stick out at the side, and axe-core may find no serious fault.
 */
export async function examine(page: Page, name: string): Promise<void> {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  await mkdir(join(OUT, "pages"), { recursive: true });
  for (const colorScheme of SCHEMES) {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
      await page.emulateMedia({ colorScheme });
      const picture = `${name.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`;
      await page.screenshot({ path: join(OUT, "pages", picture), fullPage: true });
      const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(wide, `${picture}: px that stick out at the side`).toBeLessThanOrEqual(0);
      const violations = await page.evaluate<AxeResult[]>(
        `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({
          id, impact, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary }))
        })))`,
      );
      const isSerious = ({ impact }: AxeResult): boolean =>
        impact === "serious" || impact === "critical";
      expect(violations.filter(isSerious), picture).toEqual([]);
    }
  }
}
