import type { StdioOptions } from "node:child_process";
import { openSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine } from "./machine.js";
import { mayRunFirst, Program } from "./programs.js";
import { Recording, SAMPLE_RATE } from "./recording.js";

/**
 * A sound card of the test's own: a PulseAudio without a device, and in it one sink for each
 * browser. All of them are channels of one bus, so that one recording has what every browser
 * sounds, sample by sample at the same time. It knows when the machine stood still.
 */
export class SoundCard {
  /** How many browsers can be told apart. */
  readonly ears: number;
  readonly #daemon: Program;
  readonly #machine: Machine;
  readonly #directory: string;
  readonly #recordings: Recording[] = [];

  private constructor(daemon: Program, machine: Machine, directory: string, ears: number) {
    this.#daemon = daemon;
    this.#machine = machine;
    this.#directory = directory;
    this.ears = ears;
  }

  static async open(ears: number): Promise<SoundCard> {
    const directory = await mkdtemp(join(tmpdir(), "skywave-sound-"));
    await mkdir(join(directory, "run"), { mode: 0o700 });
    const map = Array.from({ length: ears }, (_, ear) => `aux${ear}`);
    const modules = [
      `module-native-protocol-unix socket=${join(directory, "native")} auth-anonymous=1`,
      `module-null-sink sink_name=bus format=float32le rate=${SAMPLE_RATE}` +
        ` channels=${ears} channel_map=${map.join(",")}`,
      // A mono sink gets the mean of left and right.
      ...map.map(
        (channel, ear) =>
          `module-remap-sink sink_name=ear${ear} master=bus remix=no` +
          ` channels=1 channel_map=mono master_channel_map=${channel}`,
      ),
    ];
    const args = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"];
    // Its cheapest resampler would be heard by the tests.
    args.push("--disallow-exit", "--high-priority=no", "--resample-method=speex-float-5", "-v");
    const loaded = modules.flatMap((module) => ["-L", module]);
    const daemon = await realtime("pulseaudio", [...args, ...loaded], environment(directory));
    daemon.hearStdout();
    await daemon.line("start", (line) => line.includes("Daemon startup complete") || undefined);
    return new SoundCard(daemon, await Machine.watch(), directory, ears);
  }

  /**
   * The environment of a browser that is to sound on channel `ear`, through a buffer of
   * `bufferMs`, or one of its own choice.
   */
  environment(ear: number, bufferMs?: number): NodeJS.ProcessEnv {
    if (ear >= this.ears) throw new RangeError(`the sound card has ${this.ears} ears`);
    const buffer = bufferMs === undefined ? {} : { PULSE_LATENCY_MSEC: String(bufferMs) };
    return { ...environment(this.#directory), PULSE_SINK: `ear${ear}`, ...buffer };
  }

  /** Begins to record every ear, for `maxSeconds` at the most. */
  async record(maxSeconds: number): Promise<Recording> {
    const format = ["--raw", "--format=float32le", `--rate=${SAMPLE_RATE}`, "--no-remap"];
    // Ten ms keep the sink from rendering far ahead of time: what is recorded sounds now.
    const args = ["-d", "bus.monitor", ...format, `--channels=${this.ears}`, "--latency-msec=10"];
    const file = openSync(join(this.#directory, `recording${this.#recordings.length}`), "w+");
    const own = environment(this.#directory);
    const parec = await realtime("parec", args, own, ["pipe", file, "pipe"]);
    const recording = new Recording(parec, file, this.#machine, this.ears, maxSeconds);
    this.#recordings.push(recording);
    await recording.until(0);
    return recording;
  }

  async close(): Promise<void> {
    await Promise.all(this.#recordings.map((recording) => recording.close()));
    await Promise.all([this.#daemon.stop(), this.#machine.close()]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/**
 * Starts a program before all others in line for a processor, where this may be asked for: a
 * real sound card does not wait until a busy machine has time for it.
 */
async function realtime(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdio: StdioOptions = "pipe",
): Promise<Program> {
  return (await mayRunFirst())
    ? new Program(command, "chrt", ["--rr", "5", command, ...args], { env, stdio })
    : new Program(command, command, args, { env, stdio });
}

function environment(directory: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: directory,
    XDG_RUNTIME_DIR: join(directory, "run"),
    XDG_CONFIG_HOME: join(directory, "config"),
    PULSE_SERVER: `unix:${join(directory, "native")}`,
    DBUS_SESSION_BUS_ADDRESS: "unix:path=/dev/null",
  };
}
