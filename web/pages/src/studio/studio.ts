import type { Show, Title } from "@skywave/client";
import { endingOf } from "./core/endings.js";
import { uploadHealth } from "./core/health.js";
import type { MixerReport, MixerSettings } from "./core/mixer.js";
import type { SavedStudio } from "./core/resume.js";
import { Desk } from "./desk.js";
import type { FileStore } from "./file-store.js";
import { Input } from "./input.js";
import { Library } from "./library.js";
import type { Credentials, FromEncoder, FromMixer, UploadStats } from "./messages.js";
import { Music } from "./music.js";
import { addPoint, INITIAL_STATE, type BitRate, type StudioState } from "./state.js";

/** Between two points of the chart of listeners, ms. */
const POINT_EVERY_MS = 2_000;
/** A broadcast that goes on waits no longer for the sound before the music goes on without, ms. */
const RESUMING_WITHIN_MS = 120;
/** Where the relay cannot be asked how it lets people in, it is asked again, ms. */
const ASK_AGAIN_MS = 3_000;

/** Measured values, for tests and for whoever wonders. */
export interface StudioDiagnostics {
  readonly sampleRate: number | undefined;
  readonly isRunning: boolean;
  /** Sample frames that the mixer has rendered. */
  readonly mixFrame: number;
  /** Sample frames in which music should have played and was not there. */
  readonly starved: number;
  /** Sample frames that the encoder was too slow for. */
  readonly lost: number;
  readonly upload: UploadStats | undefined;
}

/** Where the music is. */
export interface Place {
  readonly track: string | undefined;
  /** Seconds. */
  readonly position: number;
}

/** What the page is told. */
export interface StudioHooks {
  onState(state: StudioState): void;
  /** Levels and the like, some 20 times a second. */
  onReport(report: MixerReport): void;
  /** Something that a reload needs has changed. */
  onSave(): void;
}

/** The studio without its looks: what a presenter can do, and how things stand. */
export class Studio {
  state: StudioState = INITIAL_STATE;
  readonly #relay: string;
  readonly #desk: Desk;
  readonly #music: Music;
  readonly #input: Input;
  readonly #hooks: StudioHooks;
  #mixed: FromMixer | undefined;
  #lostBefore = 0;
  #droppedBefore = 0;
  #pointAt = 0;
  /** Where the music goes on after a reload. */
  #resumeAt: Place | undefined;
  #isResuming = false;

  /** @param relay Address of the relay's pages. */
  constructor(relay: string, files: FileStore, saved: SavedStudio | undefined, hooks: StudioHooks) {
    this.#relay = relay;
    this.#hooks = hooks;
    this.#desk = new Desk({
      onMixer: (message) => {
        this.#fromMixer(message);
      },
      onDecks: (message) => {
        this.#music.decked(message);
      },
      onEncoder: (message) => {
        this.#fromEncoder(message);
      },
      onRunning: (isRunning) => {
        this.#runningChanged(isRunning);
      },
    });
    if (saved) this.state = { ...this.state, ...restored(saved) };
    const library = new Library(this.#desk, files);
    this.#music = new Music(this.#desk, library, this.state.playlist, {
      onPlaylist: (playlist) => {
        this.#set({ playlist });
        hooks.onSave();
      },
      onPlaying: (playing) => {
        if (playing) this.#resumeAt = undefined;
        this.#set({ playing });
      },
      onTitle: (title, at) => {
        this.#set({ title });
        this.#desk.toEncoder({ type: "title", title, at });
      },
      onNotice: (notice) => {
        this.#set({ notice });
      },
    });
    this.#input = new Input(this.#desk, this.state.input, (input) => {
      this.#set({ input });
      hooks.onSave();
    });
  }

  /** Begins to work: asks the relay how it lets people in, fetches the files, signs in again. */
  async open(): Promise<void> {
    const restoring = this.#music.restore();
    void this.#askForAuth();
    if (this.state.credentials) this.signIn(this.state.credentials);
    await restoring;
  }

  /** Takes up the broadcast that this page was on the air with before it was loaded again. */
  async resume(saved: SavedStudio): Promise<void> {
    const { live, input } = saved;
    if (!live) return;
    this.#isResuming = true;
    this.#resumeAt = { track: live.track, position: live.position };
    const { mixer } = this.state;
    this.#set({
      unfinished: undefined,
      startedAt: live.startedAt,
      mixer: { ...mixer, paused: live.isPaused },
    });
    // In any case the broadcast is held, so that no listener is lost to the browser's rules.
    await this.#start();
    if (input !== undefined) void this.#input.open(input);
  }

  /** Offers to take up a broadcast of this tab, where nobody just loaded the page again. */
  offerUnfinished(station: string): void {
    this.#set({ unfinished: station });
  }

  forgetUnfinished(): void {
    this.#set({ unfinished: undefined });
    this.#hooks.onSave();
  }

  signIn(credentials: Credentials): void {
    this.#set({ credentials, connection: { state: "connecting" }, ending: undefined });
    this.#desk.toEncoder({ type: "connect", relay: this.#relay, credentials });
    this.#hooks.onSave();
  }

  signOut(): void {
    this.#desk.toEncoder({ type: "disconnect" });
    this.#set({ credentials: undefined, connection: { state: "signed-out" }, streams: [] });
    this.#hooks.onSave();
  }

  setStation(station: string, show: Show, kbps: BitRate): void {
    this.#set({ station, show, kbps });
    this.#hooks.onSave();
  }

  /** In a gesture: goes on the air with the station that is set. */
  async goLive(): Promise<void> {
    if (this.state.live !== "off") return;
    this.#isResuming = false;
    this.#resumeAt = undefined;
    this.#set({ startedAt: undefined, unfinished: undefined, audience: [] });
    await this.#start();
  }

  /** In a gesture: goes on where the browser wanted one first. */
  async continue(): Promise<void> {
    try {
      if (await this.#desk.prepare()) this.#sound();
    } catch (error) {
      this.#set({ notice: words(error) });
    }
  }

  stop(): void {
    if (this.state.live === "off" || this.state.live === "stopping") return;
    this.#set({ live: "stopping" });
    this.#desk.toEncoder({ type: "stop" });
    this.#desk.toMixer({ type: "air", isOn: false });
    this.#music.end();
    this.#hooks.onSave();
  }

  addFiles(files: readonly File[]): void {
    this.#music.addFiles(files);
  }

  removeTrack(id: string): void {
    this.#music.remove(id);
  }

  moveTrack(id: string, place: number): void {
    this.#music.move(id, place);
  }

  chooseTrack(id: string): void {
    this.#music.choose(id, this.state.live === "on");
    if (this.state.live === "on") this.mix({ paused: false });
  }

  setRepeat(repeat: boolean): void {
    this.#music.setRepeat(repeat);
  }

  /** Plays the music, or lets it wait; after its end it begins with the current track. */
  togglePaused(): void {
    const { live, playing, mixer } = this.state;
    if (live !== "on") return;
    if (playing) {
      this.mix({ paused: !mixer.paused });
    } else {
      this.mix({ paused: false });
      this.#music.begin(0);
    }
  }

  skip(): void {
    this.#music.skip();
  }

  mix(change: Partial<MixerSettings>): void {
    const mixer = { ...this.state.mixer, ...change };
    this.#set({ mixer });
    this.#desk.set(mixer);
    this.#hooks.onSave();
  }

  setMonitor(music: boolean, voice: boolean): void {
    this.#set({ monitorMusic: music, monitorVoice: voice });
    this.#desk.setMonitor(music ? 1 : 0, voice ? 1 : 0);
  }

  /** Sets the title by hand, until the next track. */
  setTitle(title: Title): void {
    this.#set({ title });
    this.#desk.toEncoder({ type: "title", title });
  }

  dismissNotice(): void {
    this.#set({ notice: undefined });
  }

  /** Where the music would go on after a reload. */
  get place(): Place {
    return this.state.playing ?? this.#resumeAt ?? { track: undefined, position: 0 };
  }

  get input(): Input {
    return this.#input;
  }

  diagnostics(): StudioDiagnostics {
    return {
      sampleRate: this.#desk.sampleRate,
      isRunning: this.#desk.isRunning,
      mixFrame: this.#mixed?.report.frame ?? 0,
      starved: this.#mixed?.report.starved ?? 0,
      lost: this.#mixed?.dropped ?? 0,
      upload: this.state.upload,
    };
  }

  async #start(): Promise<void> {
    this.#set({ live: "starting", ending: undefined, upload: undefined, notice: undefined });
    try {
      await this.#desk.prepare(this.#isResuming ? RESUMING_WITHIN_MS : undefined);
    } catch (error) {
      this.#set({ live: "off", notice: `The sound could not be set up: ${words(error)}` });
      return;
    }
    const { sampleRate } = this.#desk;
    if (sampleRate === undefined || this.state.live !== "starting") return;
    this.#desk.set(this.state.mixer);
    this.setMonitor(this.state.monitorMusic, this.state.monitorVoice);
    const { station: channelId, show, kbps } = this.state;
    this.#desk.toEncoder({ type: "start", channelId, show, settings: { kbps, sampleRate } });
  }

  /** The broadcast is open, but the browser does not run the sound: the music goes on alone. */
  #hold(): void {
    this.#desk.standIn();
    this.#set({ live: "held", mixer: { ...this.state.mixer, talking: false } });
    this.#play();
  }

  /** The broadcast is open, and the browser runs the sound: it goes on the air. */
  #sound(): void {
    if (this.state.live !== "held" && this.state.live !== "starting") return;
    if (this.state.live === "held") {
      this.#resumeAt = this.place;
      this.#music.end();
      this.#desk.handBack();
    }
    this.#set({ live: "on" });
    this.#play();
  }

  #play(): void {
    this.#desk.set(this.state.mixer);
    this.#desk.toMixer({ type: "air", isOn: true });
    const { playlist } = this.state;
    const { track, position = 0 } = this.#resumeAt ?? {};
    if (playlist.tracks.length > 0) this.#music.begin(track === playlist.current ? position : 0);
    this.#hooks.onSave();
  }

  #runningChanged(isRunning: boolean): void {
    if (isRunning && this.state.live === "held") this.#sound();
    else if (!isRunning && this.state.live === "on") {
      this.#set({ notice: "The browser stopped the sound. Come back to this page to go on." });
    }
  }

  #fromMixer(message: FromMixer): void {
    this.#mixed = message;
    const { sampleRate } = this.#desk;
    if (sampleRate !== undefined) this.#music.mixed(message, sampleRate);
    this.#hooks.onReport(message.report);
  }

  #fromEncoder(message: FromEncoder): void {
    switch (message.type) {
      case "connection":
        this.#connectionChanged(message);
        break;
      case "streams":
        this.#set({ streams: message.streams });
        this.#countOf(message.streams);
        break;
      case "listeners":
        if (message.channelId === this.state.station) this.#count(message.count);
        break;
      case "started":
        this.#started(message.resumed);
        break;
      case "stats":
        this.#judge(message.stats);
        break;
      case "ended":
        this.#ended(message.code, message.message);
        break;
      case "stopped":
        this.#set({ live: "off", playing: undefined, title: undefined, health: undefined });
        this.#hooks.onSave();
        break;
      case "title-refused":
        this.#set({ notice: `The title was not taken: ${message.message}` });
        break;
    }
  }

  #connectionChanged(message: FromEncoder & { readonly type: "connection" }): void {
    const { state, reason, welcome } = message;
    if (state === "connected" && welcome) {
      const { role, subject, expires } = welcome;
      this.#set({ connection: { state, role, subject, expires } });
      return;
    }
    if (state !== "closed") {
      this.#set({
        connection: { state: state === "connected" ? "connecting" : state, ...inWords(reason) },
      });
      return;
    }
    // Trying again cannot help: the sign-in is over, and so is the broadcast.
    const isWanted = reason?.code === "disconnected";
    const ending = isWanted ? undefined : endingOf(reason?.code ?? "", reason?.message ?? "");
    if (this.state.live !== "off") this.#silence();
    this.#set({ connection: { state: "signed-out" }, credentials: undefined, ending });
    this.#hooks.onSave();
  }

  #started(resumed: boolean): void {
    if (this.state.live === "stopping") return;
    if (this.#isResuming && !resumed) {
      this.#set({
        startedAt: undefined,
        notice: "The broadcast had ended meanwhile, so this is a new one.",
      });
    }
    this.#set({ startedAt: this.state.startedAt ?? Date.now() });
    this.#droppedBefore = 0;
    this.#lostBefore = this.#mixed?.dropped ?? 0;
    if (this.#desk.isRunning) this.#sound();
    else this.#hold();
    this.#hooks.onSave();
  }

  #ended(code: string, message: string): void {
    if (this.state.live === "off") return;
    this.#silence();
    this.#set({ ending: endingOf(code, message) });
    this.#hooks.onSave();
  }

  #silence(): void {
    this.#desk.toMixer({ type: "air", isOn: false });
    this.#music.end();
    this.#set({ live: "off", playing: undefined, title: undefined, health: undefined });
  }

  #countOf(streams: StudioState["streams"]): void {
    const own = streams.find(({ channelId }) => channelId === this.state.station);
    if (own && this.state.listeners === undefined) this.#count(own.listeners);
  }

  #count(listeners: number): void {
    this.#set({ listeners });
  }

  #judge(upload: UploadStats): void {
    const { connection, kbps, listeners, audience } = this.state;
    const lost = this.#mixed?.dropped ?? 0;
    const health = uploadHealth({
      isConnected: connection.state === "connected",
      kbps,
      roundTripMs: upload.roundTripMs,
      queuedBytes: upload.queuedBytes,
      droppedBytes: upload.droppedBytes - this.#droppedBefore,
      encodeMs: upload.encode.p50,
      frameMs: (1152 * 1000) / (this.#desk.sampleRate ?? 48_000),
      lostFrames: lost - this.#lostBefore,
    });
    this.#droppedBefore = upload.droppedBytes;
    this.#lostBefore = lost;
    this.#set({ upload, health });
    const now = Date.now();
    if (now - this.#pointAt >= POINT_EVERY_MS && listeners !== undefined) {
      this.#pointAt = now;
      this.#set({ audience: addPoint(audience, { at: now / 1000, count: listeners }) });
    }
    this.#hooks.onSave();
  }

  async #askForAuth(): Promise<void> {
    try {
      const answer = await fetch(new URL("/api/relay", this.#relay), { cache: "no-store" });
      const relay = (await answer.json()) as { auth?: unknown };
      this.#set({ auth: relay.auth === "tokens" ? "tokens" : "open" });
    } catch {
      setTimeout(() => {
        void this.#askForAuth();
      }, ASK_AGAIN_MS);
    }
  }

  #set(change: Partial<StudioState>): void {
    this.state = { ...this.state, ...change };
    this.#hooks.onState(this.state);
  }
}

function restored(saved: SavedStudio): Partial<StudioState> {
  const { playlist, station, show, kbps, crossfade, token, subject, input } = saved;
  const credentials = {
    ...(token === undefined ? {} : { token }),
    ...(subject === undefined ? {} : { subject }),
  };
  return {
    playlist,
    station,
    show,
    kbps,
    mixer: { ...INITIAL_STATE.mixer, crossfade },
    input: { ...INITIAL_STATE.input, deviceId: input ?? "" },
    ...(token === undefined && subject === undefined ? {} : { credentials }),
  };
}

function inWords(reason: { readonly message: string } | undefined): { reason?: string } {
  return reason ? { reason: reason.message } : {};
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
