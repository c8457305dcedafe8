import { join } from "node:path";
import type { Page } from "@playwright/test";
import { complaintsOf, launchChromium } from "../src/browsers.js";
import { examine } from "../src/looks.js";
import { Publisher, writeMp3 } from "../src/publisher.js";
import { makeSource } from "../src/signal.js";
import { expect, test } from "../src/stage.js";

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

for (const view of VIEWS) {
  test(`${view.name}: no serious fault of accessibility, no complaint, at every width`, async ({
    relay,
    card,
    station,
    directory,
  }) => {
    expect(station).toBe("music");
    const context = await launchChromium(join(directory, "profile"), card.environment(0));
    try {
      const page = await context.newPage();
      const complaints = complaintsOf(page);
      await page.goto(`${relay.pages}${view.path}`);
      await view.ready(page);
      await examine(page, view.name);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  });
}

test("playing with history, and reconnecting: no serious fault of accessibility", async ({
  relay,
  card,
  directory,
}) => {
  const files = ["Morning", "Noon", "Evening", "Night"].map((name) => [name, join(directory, name)] as const);
  for (const [n, [name, file]] of files.entries()) {
    const seconds = n + 1 < files.length ? 2 : 60;
    await writeMp3(file, await makeSource(seconds, n), { trackName: name, artistName: "The Wanderers" });
  }
  const context = await launchChromium(join(directory, "profile"), card.environment(0));
  const publisher = await Publisher.play(relay.url, "day", files.map(([, file]) => file));
  try {
    const page = await context.newPage();
    await page.goto(`${relay.pages}/?channel=day`);
    await page.getByRole("button", { name: /^(play|listen)\b/i }).click();
    await page.getByText("Night").first().waitFor();
    await page.locator(".history li").first().waitFor();
    await examine(page, "playing, with history");
    await relay.kill();
    await page.getByText(/reconnecting|cannot be reached/i).first().waitFor();
    await examine(page, "reconnecting");
  } finally {
    await context.close();
    await publisher.stop();
  }
});

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
