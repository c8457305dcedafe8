import {
  SkywaveError,
  type Channel,
  type ConnectionStatus,
  type Frame,
  type Joined,
  type Show,
  type SkywaveClient,
  type Time,
} from "@skywave/client";
import { Arrivals } from "./arrivals.js";
import { DelayControl } from "./core/delay-control.js";
import { Reservoir } from "./core/reservoir.js";
import type { Block, Report } from "./core/types.js";
import type { createDecoder, Decoder } from "./decoder.js";
import type { OutputReading, ToRenderer } from "./messages.js";
import { Playout } from "./playout.js";
import { QualityJudge, type Judgement } from "./quality.js";
import { reasonWords } from "./reasons.js";
import type { Delay, PlayerOptions, PlayerState, Status, Telemetry } from "./state.js";
import { TitlesHeard } from "./titles-heard.js";

/** A channel that goes on from further back than so many frames is another one. */
const MAX_REPEATED = 4_096;
/** How often the connection is judged. */
const JUDGE_MS = 1_000;
/** The delay of a channel that has not told its own, ms. */
const USUAL_DELAY_MS = 200;

const UNKNOWN: Judgement = { quality: "unknown", qualityWords: "" };

/** What the tuner works with; all that is not its own. */
export interface TunerParts {
  readonly time: Time;
  readonly openClient: (options: PlayerOptions) => SkywaveClient;
  readonly openDecoder: typeof createDecoder;
  /** Takes what is for the renderer; a block's arrays may be transferred. */
  readonly render: (message: ToRenderer, transfer: Transferable[]) => void;
  readonly onState: (state: PlayerState) => void;
}

/** What a play needs, from its beginning to its stop. */
interface Run {
  readonly options: PlayerOptions;
  readonly client: SkywaveClient;
  readonly decoder: Decoder;
  connection: ConnectionStatus["state"];
  channel: Channel | undefined;
  /** The newest answer to a join that was looked at. */
  joined: Joined | undefined;
  /** A publisher is there. */
  isLive: boolean;
  show: Show | undefined;
  listeners: number | undefined;
  /** Why there is no connection. */
  lost: SkywaveError | undefined;
  hasFailed: boolean;
}

/**
 * Between the relay and the renderer: joins the channel, decodes its frames, says which
 * moment is to sound when, and knows what is heard. Lives in the worker; its clock and
 * its ways out are injected.
 */
export class Tuner {
  readonly #arrivals = new Arrivals();
  readonly #judge = new QualityJudge();
  readonly #reservoir = new Reservoir();
  readonly #playout = new Playout({
    relayTime: (local) => this.#run?.client.clock.relayTime(local),
  });
  #titles = new TitlesHeard();
  #delay = new DelayControl("normal", USUAL_DELAY_MS);
  #mode: Delay = "normal";
  #channelId = "";
  #run: Run | undefined;
  #lastSeq = Number.NEGATIVE_INFINITY;
  /** Frames from this time on come as they are made; those before, in the burst of a join. */
  #liveFrom: number | undefined;
  #stopTitleTimer: (() => void) | undefined;
  #stopJudgeTimer: (() => void) | undefined;
  #judgement = UNKNOWN;
  #told = "";

  constructor(private readonly parts: TunerParts) {}

  /** The context begins to run, stands still, or is a new one of this sample rate. */
  restartOutput(sampleRate?: number): void {
    this.#playout.restart(sampleRate);
    if (this.#run) this.#tell();
  }

  /** Plays a channel, until {@link stop}. */
  play(options: PlayerOptions): void {
    this.stop();
    if (options.channelId !== this.#channelId) this.#titles = new TitlesHeard();
    this.#channelId = options.channelId;
    this.#mode = options.delay ?? "normal";
    this.#delay = new DelayControl(this.#mode, USUAL_DELAY_MS);
    const run = this.#begin(options);
    this.#run = run;
    this.#keepJudging();
    run.client.connect().catch((error: unknown) => {
      this.#fail(run, asError(error));
    });
    void this.#join(run);
  }

  stop(): void {
    const run = this.#run;
    if (!run) return;
    this.#run = undefined;
    run.client.disconnect();
    run.decoder.close();
    this.parts.render({ type: "clear" }, []);
    this.#stopTitleTimer?.();
    this.#stopJudgeTimer?.();
    this.#judge.restart();
    this.#judgement = UNKNOWN;
    this.#restartFrames();
    this.#lastSeq = Number.NEGATIVE_INFINITY;
    this.#tell();
  }

  /** Changes how far behind live it sounds. */
  async setDelay(delay: Delay): Promise<void> {
    this.#mode = delay;
    const { latencyMs } = this.#delay;
    const run = this.#run;
    this.#delay = new DelayControl(delay, run?.joined?.targetDelayMs ?? USUAL_DELAY_MS);
    this.#aim();
    this.#tell();
    if (!run?.channel) return;
    run.channel.patienceMs = this.#delay.patienceMs;
    if (this.#delay.latencyMs === latencyMs) return;
    run.channel = undefined;
    await run.client.leaveStream(run.options.channelId).catch(() => undefined);
    if (run === this.#run) await this.#join(run);
  }

  /** The page has read where the sound is. */
  read(reading: OutputReading): void {
    this.#playout.read(reading);
    if (!this.#run) return;
    this.#look(this.#run);
    this.#aim();
    this.#hear();
    this.#tell();
  }

  /** The renderer has told what it does. */
  report(report: Report): void {
    this.#playout.take(report, this.parts.time.now());
  }

  telemetry(): Telemetry {
    const at = this.parts.time.now();
    const { report, latency, sampleRate } = this.#playout;
    const { client, channel, decoder } = this.#run ?? {};
    return {
      status: this.#status,
      at,
      heardTime: this.#playout.heardAt(at),
      seq: report?.seq,
      relayNow: client?.clock.relayTime(at),
      delayMs: client && this.#delay.delayMs,
      errorMs: (report?.error ?? 0) / 1_000,
      ppm: report?.ppm ?? 0,
      gaps: report?.gaps ?? 0,
      concealedMs: ((report?.concealed ?? 0) * 1_000) / sampleRate,
      resyncs: report?.resyncs ?? 0,
      late: report?.late ?? 0,
      bufferedMs: (report?.buffered ?? 0) / 1_000,
      roundTripMs: millis(client?.roundTrip),
      jitterMs: this.#arrivals.jitterMs,
      outputLatencyMs: millis(latency),
      sampleRate,
      missing: channel?.stats.missing ?? 0,
      undecoded: decoder?.lost ?? 0,
      decoder: decoder?.kind,
    };
  }

  #begin(options: PlayerOptions): Run {
    const client = this.parts.openClient(options);
    const decoder = this.parts.openDecoder({
      kind: options.decoder,
      onBlock: (block) => {
        if (run === this.#run) this.#decoded(block);
      },
      onError: (message) => {
        console.warn(`skywave: ${message}`);
      },
    });
    const run: Run = {
      options,
      client,
      decoder,
      connection: "connecting",
      channel: undefined,
      joined: undefined,
      isLive: false,
      show: undefined,
      listeners: undefined,
      lost: undefined,
      hasFailed: false,
    };
    const isMine = (channelId: string) => run === this.#run && channelId === options.channelId;
    client.on("connectionStatus", (status) => {
      if (run === this.#run) this.#connectionChanged(run, status);
    });
    client.on("metadataUpdate", ({ channelId, ...title }) => {
      if (!isMine(channelId)) return;
      this.#titles.add(title);
      this.#hear();
    });
    client.on("listenerCount", ({ channelId, count }) => {
      if (!isMine(channelId)) return;
      run.listeners = count;
      this.#tell();
    });
    client.on("streamStarted", (stream) => {
      if (isMine(stream.channelId)) run.show = showOf(stream);
    });
    client.on("streamLive", ({ channelId }) => {
      if (!isMine(channelId)) return;
      run.isLive = true;
      this.#tell();
    });
    client.on("streamOffline", ({ channelId }) => {
      if (!isMine(channelId)) return;
      run.isLive = false;
      this.#tell();
    });
    client.on("channelClosed", ({ channelId, reason }) => {
      if (isMine(channelId)) this.#fail(run, reason);
    });
    return run;
  }

  async #join(run: Run): Promise<void> {
    const { channelId, delivery = "stream" } = run.options;
    const { latencyMs, patienceMs } = this.#delay;
    try {
      run.channel = await run.client.joinStream({
        channelId,
        latencyMs,
        patienceMs,
        delivery,
        wait: true,
        onFrame: (frame) => {
          if (run === this.#run) this.#take(run, frame);
        },
      });
    } catch (error) {
      this.#fail(run, asError(error));
      return;
    }
    if (run === this.#run) this.#look(run);
  }

  /** Takes in what a join, or one after a lost session, has told. */
  #look(run: Run): void {
    const joined = run.channel?.joined;
    if (!joined || joined === run.joined) return;
    if (joined.targetDelayMs !== run.joined?.targetDelayMs) {
      this.#delay = new DelayControl(this.#mode, joined.targetDelayMs);
    }
    run.joined = joined;
    run.isLive = joined.live;
    run.show = showOf(joined);
    this.#liveFrom = undefined;
    this.#delay.settle(this.parts.time.now());
    this.#tell();
  }

  #connectionChanged(run: Run, status: ConnectionStatus): void {
    if (run.hasFailed) return;
    run.connection = status.state;
    run.lost = "reason" in status ? status.reason : undefined;
    this.#liveFrom = undefined;
    if (status.state === "closed") this.#fail(run, status.reason);
    this.#tell();
  }

  #fail(run: Run, reason: SkywaveError): void {
    if (run !== this.#run || run.hasFailed) return;
    run.lost = reason;
    run.hasFailed = true;
    run.client.disconnect();
    this.#tell();
  }

  #take(run: Run, frame: Frame): void {
    const { seq, time, data, discontinuity } = frame;
    // The burst of another join repeats what is there already.
    if (seq <= this.#lastSeq && this.#lastSeq - seq < MAX_REPEATED) return;
    if (seq < this.#lastSeq) this.#restartFrames();
    const isJoined = seq === this.#lastSeq + 1 && !discontinuity;
    this.#lastSeq = seq;
    const relayNow = run.client.clock.relayTime(this.parts.time.now());
    if (relayNow !== undefined) {
      this.#liveFrom ??= relayNow;
      if (time >= this.#liveFrom) this.#arrivals.add(time, relayNow);
    }
    this.#titles.addFrame(seq, time);
    run.decoder.decode(frame, this.#reservoir.push(data, !isJoined));
  }

  #decoded(block: Block): void {
    if (block.audible && this.#liveFrom !== undefined && block.time >= this.#liveFrom) {
      const now = this.parts.time.now();
      const { delayMs } = this.#delay;
      const margin = this.#playout.marginMs(block.time, now, delayMs);
      if (margin !== undefined) this.#delay.observe(margin, now);
      if (this.#delay.delayMs !== delayMs) this.#delayChanged();
    }
    const transfer = block.channels.map((samples) => samples.buffer as ArrayBuffer);
    this.parts.render({ type: "block", block }, transfer);
  }

  #delayChanged(): void {
    const channel = this.#run?.channel;
    if (channel) channel.patienceMs = this.#delay.patienceMs;
    this.#aim();
    this.#tell();
  }

  #aim(): void {
    const aim = this.#playout.aim(this.parts.time.now(), this.#delay.delayMs);
    if (aim) this.parts.render({ type: "aim", aim }, []);
  }

  /** Shows the title that is heard now, and waits for the next one. */
  #hear(): void {
    this.#stopTitleTimer?.();
    const now = this.parts.time.now();
    const heard = this.#playout.heardAt(now);
    if (heard === undefined) return;
    if (this.#titles.hear(heard, now / 1_000)) this.#tell();
    const { next } = this.#titles;
    if (next === undefined) return;
    this.#stopTitleTimer = this.parts.time.after(Math.max(1, (next - heard) / 1_000), () => {
      this.#hear();
    });
  }

  /** What comes is of another run of numbers. */
  #restartFrames(): void {
    this.#titles.restart();
    this.#arrivals.restart();
    this.#reservoir.reset();
    this.#liveFrom = undefined;
  }

  #keepJudging(): void {
    const now = this.parts.time.now();
    const { report } = this.#playout;
    this.#judgement = this.#judge.judge(
      {
        isPlaying: this.#status === "playing",
        gaps: report?.gaps ?? 0,
        missing: this.#run?.channel?.stats.missing ?? 0,
        error: report?.error ?? 0,
        delayMs: this.#delay.delayMs,
        channelDelayMs: this.#run?.joined?.targetDelayMs,
        jitterMs: this.#arrivals.jitterMs,
        roundTripMs: millis(this.#run?.client.roundTrip),
      },
      now,
    );
    this.#tell();
    this.#stopJudgeTimer = this.parts.time.after(JUDGE_MS, () => {
      this.#keepJudging();
    });
  }

  get #status(): Status {
    const run = this.#run;
    if (!run) return "idle";
    if (run.lost && run.hasFailed) return "failed";
    if (run.connection === "reconnecting") return "reconnecting";
    if (this.#playout.isSounding(this.parts.time.now())) return "playing";
    if (!run.joined) return "connecting";
    return run.isLive ? "buffering" : "offline";
  }

  get #reason(): string | undefined {
    const status = this.#status;
    if (status === "offline") return "Nobody is on the air. It plays by itself when someone is.";
    const lost = this.#run?.lost;
    if (!lost || (status !== "failed" && status !== "reconnecting")) return undefined;
    return status === "failed"
      ? reasonWords(lost)
      : `${reasonWords(lost)}. Trying to get back, again and again.`;
  }

  #state(): PlayerState {
    const run = this.#run;
    const reason = this.#reason;
    const title = this.#titles.current;
    return {
      channelId: this.#channelId,
      status: this.#status,
      ...(reason !== undefined && { reason }),
      ...(title && run && { title }),
      history: this.#titles.history,
      ...(run?.show && Object.keys(run.show).length > 0 && { show: run.show }),
      ...(run?.listeners !== undefined && { listeners: run.listeners }),
      ...(run && { delayMs: this.#delay.delayMs }),
      ...this.#judgement,
    };
  }

  /** Tells the state, where it is another one than was told last. */
  #tell(): void {
    const state = this.#state();
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    this.parts.onState(state);
  }
}

function showOf({ showTitle, hostName, showType }: Show): Show {
  return {
    ...(showTitle !== undefined && { showTitle }),
    ...(hostName !== undefined && { hostName }),
    ...(showType !== undefined && { showType }),
  };
}

function asError(caught: unknown): SkywaveError {
  if (caught instanceof SkywaveError) return caught;
  return new SkywaveError("setup", caught instanceof Error ? caught.message : String(caught));
}

function millis(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1_000;
}
