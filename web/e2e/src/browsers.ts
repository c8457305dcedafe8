import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type CDPSession, type Page } from "@playwright/test";
import puppeteer, { type Browser, type Page as FirefoxPage } from "puppeteer-core";

export type BrowserName = "chromium" | "firefox";

/** What a page said that it should not have: errors, refusals of the content security policy. */
export type Complaint = string;

/**
 * One page in a browser of its own. Expressions are evaluated without counting as a gesture
 * of the user, and clicks are real input: a page that needs a gesture is not helped along.
 */
export interface Tab {
  readonly name: BrowserName;
  readonly complaints: readonly Complaint[];
  open(url: string): Promise<void>;
  /** The value of an expression, or of the promise that it gives; as JSON. */
  evaluate<T>(expression: string): Promise<T>;
  /** Presses the mouse button at a place, in CSS pixels. */
  clickAt(x: number, y: number): Promise<void>;
  /** Asks the browser to load the page again. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const FIREFOX = process.env["FIREFOX"] ?? "/usr/bin/firefox-esr";

export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Without it, a relay that was killed is not tried again for minutes.
  "--webtransport-developer-mode",
];

/** Opens a browser that sounds where `environment` says. */
export function openTab(name: BrowserName, environment: NodeJS.ProcessEnv): Promise<Tab> {
  return name === "chromium" ? ChromiumTab.launch(environment) : FirefoxTab.launch(environment);
}

/** Launches Debian's Chromium with a fresh profile, heard by the sound card. */
export function launchChromium(
  profile: string,
  environment: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    env: known(environment),
    args: [...CHROMIUM_FLAGS, ...flags],
    // Playwright's own wish for silence, and for sound before a gesture.
    ignoreDefaultArgs: ["--mute-audio", "--autoplay-policy=no-user-gesture-required"],
    viewport: { width: 1280, height: 800 },
    // Without a graphics card, moving pictures take what the sound needs of two processors.
    reducedMotion: "reduce",
  });
}

/** Collects what a page should not have said. */
export function complaintsOf(page: Page): Complaint[] {
  const complaints: Complaint[] = [];
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return complaints;
}

class ChromiumTab implements Tab {
  readonly name = "chromium";
  readonly complaints: readonly Complaint[];
  readonly #profile: string;
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #session: CDPSession;

  private constructor(profile: string, context: BrowserContext, page: Page, session: CDPSession) {
    this.#profile = profile;
    this.#context = context;
    this.#page = page;
    this.#session = session;
    this.complaints = complaintsOf(page);
  }

  static async launch(environment: NodeJS.ProcessEnv): Promise<Tab> {
    const profile = await mkdtemp(join(tmpdir(), "skywave-chromium-"));
    const context = await launchChromium(profile, environment);
    const page = context.pages()[0] ?? (await context.newPage());
    return new ChromiumTab(profile, context, page, await context.newCDPSession(page));
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url, { waitUntil: "load" });
  }

  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#session.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: false,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value as T;
  }

  async clickAt(x: number, y: number): Promise<void> {
    await this.#page.mouse.click(x, y);
  }

  async reload(): Promise<void> {
    await this.#page.reload({ waitUntil: "load" });
  }

  async close(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class FirefoxTab implements Tab {
  readonly name = "firefox";
  readonly complaints: Complaint[] = [];
  readonly #browser: Browser;
  readonly #page: FirefoxPage;

  private constructor(browser: Browser, page: FirefoxPage) {
    this.#browser = browser;
    this.#page = page;
    page.on("pageerror", (error) => {
      this.complaints.push(`uncaught: ${error instanceof Error ? error.message : String(error)}`);
    });
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  static async launch(environment: NodeJS.ProcessEnv): Promise<Tab> {
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: FIREFOX,
      headless: true,
      env: known(environment),
      extraPrefsFirefox: {
        "ui.prefersReducedMotion": 1,
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "app.update.enabled": false,
        "browser.safebrowsing.downloads.enabled": false,
        "datareporting.policy.dataSubmissionEnabled": false,
        "toolkit.telemetry.enabled": false,
      },
    });
    const page = (await browser.pages())[0] ?? (await browser.newPage());
    await page.setViewport({ width: 1280, height: 800 });
    return new FirefoxTab(browser, page);
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url, { waitUntil: "load" });
  }

  async evaluate<T>(expression: string): Promise<T> {
    return (await this.#page.evaluate(expression)) as T;
  }

  async clickAt(x: number, y: number): Promise<void> {
    await this.#page.mouse.click(x, y);
  }

  async reload(): Promise<void> {
    await this.#page.reload({ waitUntil: "load" });
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

function known(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => !!entry[1]));
}
