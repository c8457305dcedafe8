import { writeFile } from "node:fs/promises";
import { skywave, type Program } from "./programs.js";
import type { Source } from "./signal.js";

/** A station on the air: `skywave publish` in a process of its own. */
export class Publisher {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Plays files, one after another without a gap; over and over where `loop` is true. */
  static async play(
    url: string,
    channel: string,
    files: readonly string[],
    { loop = false } = {},
  ): Promise<Publisher> {
    const publisher = new Publisher(start(url, channel, [...(loop ? ["--loop"] : []), ...files]));
    await publisher.#live();
    return publisher;
  }

  /** Resolves once everything has been played. */
  async ended(): Promise<void> {
    await this.#program.ended;
  }

  /** Goes off the air. */
  async stop(): Promise<void> {
    await this.#program.stop("SIGINT");
  }

  /** Waits until the relay has put it on the air. */
  async #live(): Promise<void> {
    await this.#program.line("being on the air", (line) => /on the air/i.test(line) || undefined);
  }
}

/** Writes a source into a file, with tags (ID3v2.3) where a title is given. */
export async function writeMp3(
  path: string,
  source: Source,
  title?: { trackName: string; artistName: string },
): Promise<void> {
  const tag = title ? id3({ TIT2: title.trackName, TPE1: title.artistName }) : Buffer.alloc(0);
  await writeFile(path, Buffer.concat([tag, source.mp3]));
}

/** An ID3v2.3 tag with these text frames, in ISO-8859-1 (id3.org, informal standard 2.3.0). */
function id3(texts: Readonly<Record<string, string>>): Buffer {
  const frames = Object.entries(texts).map(([id, text]) => {
    const body = Buffer.concat([Buffer.of(0), Buffer.from(text, "latin1")]);
    const head = Buffer.alloc(10);
    head.write(id, "latin1");
    head.writeUInt32BE(body.length, 4);
    return Buffer.concat([head, body]);
  });
  const size = frames.reduce((sum, frame) => sum + frame.length, 0);
  const sizes = [21, 14, 7, 0].map((shift) => (size >> shift) & 0x7f);
  return Buffer.concat([Buffer.from("ID3\x03\x00\x00", "latin1"), Buffer.from(sizes), ...frames]);
}

function start(url: string, channel: string, args: readonly string[]): Program {
  const options = ["--url", url, "--channel", channel, "--as", "station", ...args];
  return skywave("publish", options).hearStdout();
}
