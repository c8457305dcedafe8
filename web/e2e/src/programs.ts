import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** Lines of a program that are kept to be shown where it fails. */
const KEPT_LINES = 200;

/** Starts a command of the binary under test, away from this machine's settings. */
export function skywave(command: string, args: readonly string[]): Program {
  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env["SKYWAVE_TOKEN"];
  delete env["RUST_LOG"];
  return new Program(`skywave ${command}`, skywaveBinary(), [command, ...args], { env });
}

function skywaveBinary(): string {
  return (
    process.env["SKYWAVE_BIN"] ??
    fileURLToPath(new URL("../../../target/debug/skywave", import.meta.url))
  );
}

/** What a test that is broken off would leave behind. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A program that a test has started, and what it says: on stderr, or in lines on stdout. */
export class Program {
  readonly process: ChildProcess;
  /** The newest lines. */
  readonly said: string[] = [];
  /** Resolves with the exit code, or the name of the signal, once it has ended. */
  readonly ended: Promise<number | string>;
  readonly #name: string;
  readonly #waiting = new Set<(line: string) => void>();
  #hasEnded = false;

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions) {
    this.#name = name;
    this.process = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.ended = new Promise((resolve) => {
      this.process.once("error", (error) => {
        this.said.push(error.message);
        resolve(error.message);
      });
      this.process.once("close", (code, signal) => {
        resolve(code ?? signal ?? "unknown");
      });
    });
    running.add(this.process);
    void this.ended.then(() => {
      this.#hasEnded = true;
      running.delete(this.process);
    });
    // A program that is gone does not read what is still written to it.
    this.process.stdin?.on("error", () => undefined);
    if (this.process.stderr) this.#hear(this.process.stderr);
  }

  /** Takes what it writes to stdout for lines that it says, too; `each` gets them all. */
  hearStdout(each?: (line: string) => void): this {
    if (this.process.stdout) this.#hear(this.process.stdout, each);
    return this;
  }

  #hear(stream: Readable, each?: (line: string) => void): void {
    createInterface({ input: stream }).on("line", (line) => {
      each?.(line);
      this.said.push(line);
      if (this.said.length > KEPT_LINES) this.said.shift();
      for (const look of this.#waiting) look(line);
    });
  }

  /** The first line, said already or yet to come, of which `pick` makes something. */
  line<T>(what: string, pick: (line: string) => T | undefined, withinMs = 20_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const give = (why: string): void => {
        done();
        reject(new Error(`${this.#name}: no ${what}: ${why}\n${this.said.join("\n")}`));
      };
      const timer = setTimeout(give, withinMs, `not within ${withinMs} ms`);
      const look = (line: string): void => {
        const picked = pick(line);
        if (picked === undefined) return;
        done();
        resolve(picked);
      };
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      for (const line of [...this.said]) look(line);
      void this.ended.then((how) => {
        give(`ended with ${how}`);
      });
    });
  }

  /** Asks it to end, waits for that, and ends it by force if it takes more than 5 s. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.#hasEnded) return;
    this.process.kill(signal);
    const force = setTimeout(() => this.process.kill("SIGKILL"), 5_000);
    await this.ended;
    clearTimeout(force);
  }
}

/** Whether programs may be put before all others in line for a processor. */
export async function mayRunFirst(): Promise<boolean> {
  return output("chrt", ["--fifo", "50", "true"]).then(
    () => true,
    () => false,
  );
}

/** Runs a command to its end with `input` on stdin; what it wrote to stdout. */
export async function output(
  command: string,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
): Promise<Buffer> {
  const program = new Program(command, command, args, {});
  const chunks: Buffer[] = [];
  program.process.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  program.process.stdin?.end(input);
  const how = await program.ended;
  if (how !== 0) throw new Error(`${command} ended with ${how}: ${program.said.join("\n")}`);
  return Buffer.concat(chunks);
}
