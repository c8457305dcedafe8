import type { Title } from "@skywave/client";
import type { MixerEvent } from "./core/mixer.js";
import {
  add,
  describe,
  move,
  PLAYLIST_LIMIT,
  remove,
  titleOf,
  type Playlist,
  type Track,
} from "./core/playlist.js";
import { Sequencer } from "./core/sequencer.js";
import type { Tags } from "./core/tags.js";
import type { Desk } from "./desk.js";
import type { Library } from "./library.js";
import type { FromDecks, FromMixer } from "./messages.js";
import type { Playing } from "./state.js";

/** What {@link Music} tells. */
export interface MusicHooks {
  onPlaylist(playlist: Playlist): void;
  onPlaying(playing: Playing | undefined): void;
  /** A track is heard from this sample of the mix on. */
  onTitle(title: Title, at: number): void;
  onNotice(notice: string): void;
}

/** The playlist, and the playing of it. */
export class Music {
  readonly #desk: Desk;
  readonly #library: Library;
  readonly #hooks: MusicHooks;
  readonly #sequencer: Sequencer;
  /** Lengths of what was loaded, in seconds, by playing. */
  readonly #durations = new Map<number, number>();
  #playlist: Playlist;
  #playing: (Playing & { readonly play: number }) | undefined;

  constructor(desk: Desk, library: Library, playlist: Playlist, hooks: MusicHooks) {
    this.#desk = desk;
    this.#library = library;
    this.#hooks = hooks;
    this.#playlist = playlist;
    this.#sequencer = new Sequencer(playlist, {
      load: (play, track, at) => {
        void this.#load(play, track, at);
      },
      unload: (play) => {
        desk.toDecks({ type: "unload", track: play });
        desk.toMixer({ type: "drop", track: play });
      },
      skip: () => {
        desk.toMixer({ type: "skip" });
      },
    });
  }

  /** Fetches the files of a playlist that was saved; tracks without one are let go. */
  async restore(): Promise<void> {
    await this.#library.restore();
    for (const { id } of this.#playlist.tracks) {
      if (!this.#library.has(id)) this.#change(remove(this.#playlist, id));
    }
  }

  /** Adds files at the end of the playlist, and has them read. */
  addFiles(files: readonly File[]): void {
    const found = files.map((file) => ({ id: crypto.randomUUID(), fileName: file.name, file }));
    const tracks = found.map(({ id, fileName }) => ({ id, fileName }));
    const { playlist, refused } = add(this.#playlist, tracks);
    if (refused.length > 0) {
      this.#hooks.onNotice(
        `A playlist holds ${PLAYLIST_LIMIT} files: ${refused.length} were left out.`,
      );
    }
    this.#change(playlist);
    for (const { id, file } of found.slice(0, found.length - refused.length)) {
      void this.#take(id, file);
    }
  }

  remove(id: string): void {
    this.#library.remove(id);
    this.#change(remove(this.#playlist, id));
  }

  move(id: string, place: number): void {
    this.#change(move(this.#playlist, id, place));
  }

  setRepeat(repeat: boolean): void {
    this.#change({ ...this.#playlist, repeat });
  }

  /** Makes it the track to begin with; while on the air, goes on to it. */
  choose(id: string, isOnAir: boolean): void {
    if (isOnAir) this.#sequencer.playNow(id);
    else this.#change({ ...this.#playlist, current: id });
  }

  /** Begins with the current track, `at` seconds into it. */
  begin(at: number): void {
    this.#sequencer.begin(at);
  }

  end(): void {
    this.#sequencer.end();
    this.#setPlaying(undefined);
  }

  skip(): void {
    this.#desk.toMixer({ type: "skip" });
  }

  /** What the mixer tells. */
  mixed({ report, events }: FromMixer, sampleRate: number): void {
    for (const event of events) this.#happened(event);
    this.#sequencer.reported(report.decks, report.isFading);
    const playing = this.#playing;
    const deck = report.decks.find(({ track }) => track === playing?.play);
    if (playing && deck) this.#setPlaying({ ...playing, position: deck.position / sampleRate });
  }

  /** What the deck worker tells. */
  decked(message: FromDecks): void {
    switch (message.type) {
      case "facts":
        void this.#learn(message.id, message.tags, message.duration);
        break;
      case "unreadable":
        this.#describe(message.id, { fault: message.message });
        break;
      case "loaded":
        this.#durations.set(message.track, message.duration);
        break;
      case "fault":
        this.#fail(message.track, message.message);
        break;
      case "damaged": {
        const name = this.#nameOf(this.#sequencer.trackOf(message.track));
        this.#hooks.onNotice(`${name} is damaged: parts of it are silent.`);
        break;
      }
    }
  }

  #happened(event: MixerEvent): void {
    if (event.kind === "ran-out") {
      this.#sequencer.ranOut(event.track);
      if (this.#playing?.play === event.track) this.#setPlaying(undefined);
      return;
    }
    const play = event.track;
    const id = this.#sequencer.onAir(play);
    const track = this.#playlist.tracks.find((candidate) => candidate.id === id);
    if (!track) return;
    const duration = this.#durations.get(play) ?? track.duration ?? 0;
    for (const older of this.#durations.keys()) if (older <= play) this.#durations.delete(older);
    this.#setPlaying({ play, track: track.id, position: 0, duration });
    this.#hooks.onTitle(titleOf(track), event.at);
    this.#change({ ...this.#playlist, current: track.id });
  }

  async #take(id: string, file: File): Promise<void> {
    if (await this.#library.add(id, file)) return;
    this.#hooks.onNotice(
      `The browser has no room to keep ${file.name}: after a reload it must be added again.`,
    );
  }

  async #learn(id: string, tags: Tags, duration: number | undefined): Promise<void> {
    this.#describe(id, duration === undefined ? tags : { ...tags, duration });
    if (duration !== undefined) return;
    try {
      this.#describe(id, { isWhole: true, duration: await this.#library.measure(id) });
    } catch (error) {
      this.#describe(id, { fault: words(error) });
    }
  }

  async #load(play: number, track: Track, at: number): Promise<void> {
    try {
      const { source, transfer } = await this.#library.open(track);
      this.#desk.toDecks({ type: "load", track: play, source, at }, transfer);
    } catch (error) {
      this.#fail(play, words(error));
    }
  }

  #fail(play: number, message: string): void {
    const id = this.#sequencer.trackOf(play);
    if (id === undefined) return;
    this.#describe(id, { fault: message });
    this.#hooks.onNotice(`${this.#nameOf(id)} cannot be played: ${message}.`);
    this.#sequencer.failed(play);
  }

  #describe(id: string, facts: Partial<Omit<Track, "id" | "fileName">>): void {
    this.#change(describe(this.#playlist, id, facts));
  }

  #nameOf(id: string | undefined): string {
    return this.#playlist.tracks.find((track) => track.id === id)?.fileName ?? "A file";
  }

  #change(playlist: Playlist): void {
    this.#playlist = playlist;
    this.#hooks.onPlaylist(playlist);
    this.#sequencer.changed(playlist);
  }

  #setPlaying(playing: (Playing & { readonly play: number }) | undefined): void {
    this.#playing = playing;
    this.#hooks.onPlaying(playing);
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
