import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLEAR, Network, type Conditions } from "./network.js";
import { skywave, type Program } from "./programs.js";

/** How a relay is to be. */
export interface RelayOptions {
  /** What its network does to begin with; it can be changed at any time. */
  readonly conditions?: Conditions;
  /** More config, TOML: whole sections other than `server`, `tls`, `pages` and `log`. */
  readonly config?: string;
}

/** A real relay in a process of its own, reached by browsers through a {@link Network}. */
export class Relay {
  readonly network: Network;
  readonly #directory: string;
  readonly #more: string;
  #program: Program | undefined;
  #port = 0;
  #pagesPort = 0;

  private constructor(network: Network, directory: string, more: string) {
    this.network = network;
    this.#directory = directory;
    this.#more = more;
  }

  /** Starts a relay on ports of its own, with pages built into `web/dist`. */
  static async start(options: RelayOptions = {}): Promise<Relay> {
    const network = await Network.open(options.conditions ?? CLEAR);
    const directory = await mkdtemp(join(tmpdir(), "skywave-relay-"));
    await mkdir(join(directory, "certs"));
    const relay = new Relay(network, directory, options.config ?? "");
    await relay.restart();
    return relay;
  }

  /** The WebTransport URL, past the network: for publishers of the test's own. */
  get url(): string {
    return `https://127.0.0.1:${this.#port}/`;
  }

  /** Where the pages are, such as `http://localhost:41234`. */
  get pages(): string {
    return `http://localhost:${this.#pagesPort}`;
  }

  /** Starts the relay again on the ports that it had. */
  async restart(): Promise<void> {
    const path = join(this.#directory, "config.toml");
    await writeFile(path, this.#config());
    const program = skywave("serve", ["--config", path]).hearStdout();
    this.#program = program;
    this.#port = await program.line("WebTransport address", addressAfter("WebTransport"));
    this.#pagesPort = await program.line("address of the pages", addressAfter("pages"));
    this.network.leadTo(this.#port);
  }

  /** Ends the relay at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#program?.stop("SIGKILL");
  }

  /** Ends the relay and its network for good. */
  async stop(): Promise<void> {
    await this.#program?.stop();
    this.network.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #config(): string {
    // Pages that were built elsewhere; else those in `web/dist`.
    const built = process.env["SKYWAVE_PAGES"];
    return `
[server]
listen = ["127.0.0.1:${this.#port}"]
drain = "1s"

[tls]
dir = "certs"

[pages]
listen = ["127.0.0.1:${this.#pagesPort}"]
webtransport_url = "${this.network.url}"
${built === undefined ? "" : `dir = "${built}"`}

[operations]
listen = "off"

[log]
format = "json"

${this.#more}
`;
  }
}

/** Reads the port out of the log line that has this word in its message, and an IPv4 address. */
function addressAfter(word: string): (line: string) => number | undefined {
  return (line) => {
    if (!line.includes(word)) return undefined;
    const found = /"127\.0\.0\.1:(\d+)"/.exec(line);
    return found ? Number(found[1]) : undefined;
  };
}
