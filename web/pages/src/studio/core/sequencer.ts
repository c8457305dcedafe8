import { after, first, type Playlist, type Track } from "./playlist.js";

/** What the sequencer has done with the tracks. */
export interface SequencerHooks {
  /** Load this playing of a track, from `at` seconds on. */
  load(play: number, track: Track, at: number): void;
  /** This playing is not wanted any more. */
  unload(play: number): void;
  /** Go on to the next track now. */
  skip(): void;
}

interface Play {
  readonly play: number;
  readonly trackId: string;
}

/**
 * Plays a playlist on the mixer's decks: keeps the next track loaded behind the one that
 * plays, whatever is moved, taken out or added meanwhile.
 */
export class Sequencer {
  #plays = 0;
  #current: Play | undefined;
  #next: Play | undefined;
  #isOnAir = false;
  #isFading = false;
  /** Goes on to the next track as soon as it has sound. */
  #isHurried = false;

  constructor(
    private playlist: Playlist,
    private readonly hooks: SequencerHooks,
  ) {}

  /** The track that plays, or is about to. */
  get current(): string | undefined {
    return this.#current?.trackId;
  }

  /** Which playing of a track this number stands for. */
  trackOf(play: number): string | undefined {
    return [this.#current, this.#next].find((candidate) => candidate?.play === play)?.trackId;
  }

  /** Begins with the playlist's current track, `at` seconds into it. */
  begin(at: number): void {
    this.end();
    const track = first(this.playlist);
    if (track) this.#current = this.#load(track, track.id === this.playlist.current ? at : 0);
  }

  /** Plays nothing more. */
  end(): void {
    for (const play of [this.#next, this.#current]) if (play) this.hooks.unload(play.play);
    this.#current = undefined;
    this.#next = undefined;
    this.#isOnAir = false;
    this.#isHurried = false;
  }

  /** Goes on to this track, as soon as it is loaded. */
  playNow(trackId: string): void {
    const track = this.playlist.tracks.find((candidate) => candidate.id === trackId);
    if (!track || track.fault !== undefined) return;
    if (!this.#isOnAir) {
      this.end();
      this.#current = this.#load(track, 0);
      return;
    }
    if (this.#isFading) return;
    this.#replaceNext(track);
    this.#isHurried = true;
  }

  /** The playlist changed. */
  changed(playlist: Playlist): void {
    this.playlist = playlist;
    if (this.#isOnAir && !this.#isFading && !this.#isHurried) this.#prepare();
  }

  /** The mixer plays this one. Returns its track, which becomes the playlist's current one. */
  onAir(play: number): string | undefined {
    if (this.#next?.play === play) {
      this.#current = this.#next;
      this.#next = undefined;
      this.#isHurried = false;
    }
    if (this.#current?.play !== play) return undefined;
    this.#isOnAir = true;
    return this.#current.trackId;
  }

  /** What the mixer reports: which playings have sound, and whether two fade. */
  reported(decks: readonly { track: number; available: number }[], isFading: boolean): void {
    const hasFaded = this.#isFading && !isFading;
    this.#isFading = isFading;
    const next = this.#next;
    const isReady = decks.some(({ track, available }) => track === next?.play && available > 0);
    if (this.#isHurried && isReady && !isFading) {
      this.#isHurried = false;
      this.hooks.skip();
    }
    if (this.#isOnAir && !isFading && (hasFaded || !next)) this.#prepare();
  }

  /** This playing ended, and nothing came after it. */
  ranOut(play: number): void {
    if (this.#current?.play !== play) return;
    this.#current = undefined;
    this.#isOnAir = false;
    // What was still being loaded comes too late to follow without a break, but comes.
    this.#current = this.#next;
    this.#next = undefined;
  }

  /** This playing could not be loaded; its track is marked in the playlist by now. */
  failed(play: number): void {
    if (this.#next?.play === play) {
      this.#next = undefined;
      this.#isHurried = false;
      if (this.#isOnAir) this.#prepare();
    } else if (this.#current?.play === play && !this.#isOnAir) {
      const track = after(this.playlist, this.#current.trackId);
      this.#current = track && this.#load(track, 0);
    }
  }

  #prepare(): void {
    const playing = this.#current?.trackId;
    const isListed = this.playlist.tracks.some((track) => track.id === playing);
    // A track that was taken out while it plays is followed by what took its place.
    const wanted = isListed ? after(this.playlist, playing) : first(this.playlist);
    if (wanted?.id === this.#next?.trackId) return;
    this.#replaceNext(wanted);
  }

  #replaceNext(track: Track | undefined): void {
    if (this.#next) this.hooks.unload(this.#next.play);
    this.#next = track && this.#load(track, 0);
  }

  #load(track: Track, at: number): Play {
    this.#plays += 1;
    this.hooks.load(this.#plays, track, at);
    return { play: this.#plays, trackId: track.id };
  }
}
