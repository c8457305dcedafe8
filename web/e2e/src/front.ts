import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Network } from "./network.js";

/** How the pages that come through a front differ. */
export interface FrontOptions {
  /** They reach the relay through this network rather than the relay's own. */
  readonly network: Network;
  /** The clock of the page and of its workers runs so much faster than it should. */
  readonly driftPpm?: number;
}

/**
 * Another way to the pages of a relay, for one browser out of several: it hands on what the
 * relay serves, but names another address for WebTransport, and can put drift into the clock.
 */
export class Front {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(pages: string, options: FrontOptions): Promise<Front> {
    const prelude = options.driftPpm ? drift(options.driftPpm) : "";
    const server = createServer((asked, answer) => {
      pass(pages, options.network.url, prelude, asked, answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    return new Front(server);
  }

  /** Where the pages are. */
  get pages(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function pass(
  pages: string,
  relayUrl: string,
  prelude: string,
  asked: IncomingMessage,
  answer: ServerResponse,
): void {
  // Without its encodings and conditions, what comes back is whole, and text.
  const from = request(new URL(asked.url ?? "/", pages), { method: asked.method ?? "GET" });
  from.on("error", () => answer.writeHead(502).end());
  from.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () => {
      let body = Buffer.concat(chunks);
      const headers = { ...response.headers };
      delete headers["content-length"];
      delete headers.etag;
      const policy = headers["content-security-policy"];
      if (typeof policy === "string") {
        const connect = `connect-src 'self' ${new URL(relayUrl).origin}`;
        headers["content-security-policy"] = policy.replace(/connect-src [^;]*/, connect);
      }
      if (asked.url === "/api/relay") {
        const relay = JSON.parse(body.toString()) as Record<string, unknown>;
        body = Buffer.from(JSON.stringify({ ...relay, url: relayUrl }));
      } else if (headers["content-type"]?.includes("javascript")) {
        body = Buffer.concat([Buffer.from(prelude), body]);
      }
      answer.writeHead(response.statusCode ?? 502, headers).end(body);
    });
  });
  from.end();
}

/**
 * A script that bends `performance` and the times of sound. A page and its workers are bent
 * around the same moment, so that they keep to agree; an AudioWorklet has no such clock, and
 * the sound card's is left as it is.
 */
function drift(ppm: number): string {
  const zero = performance.timeOrigin + performance.now();
  return `(() => {
  const done = Symbol.for("skywave drift");
  if (globalThis[done] || !globalThis.performance) return;
  globalThis[done] = true;
  const now = performance.now.bind(performance);
  const origin = performance.timeOrigin;
  const bent = (ms) => ms + (origin + ms - ${zero}) * ${ppm * 1e-6};
  performance.now = () => bent(now());
  if (!globalThis.AudioContext) return;
  const read = AudioContext.prototype.getOutputTimestamp;
  AudioContext.prototype.getOutputTimestamp = function () {
    const { contextTime, performanceTime } = read.call(this);
    return { contextTime, performanceTime: bent(performanceTime) };
  };
})();
`;
}
