/** Most tracks that a playlist holds. */
export const PLAYLIST_LIMIT = 500;

/** A file in the playlist. */
export interface Track {
  readonly id: string;
  readonly fileName: string;
  /** From its tags; `undefined` where it has none. */
  readonly title?: string;
  readonly artist?: string;
  readonly album?: string;
  /** Seconds, once known. */
  readonly duration?: number;
  /** It is no MP3: the browser decodes it as a whole. */
  readonly isWhole?: boolean;
  /** In words, why it cannot be played. */
  readonly fault?: string;
}

/** Tracks in their order, and which of them plays. Values: each change makes a new one. */
export interface Playlist {
  readonly tracks: readonly Track[];
  /** Id of the track that plays or plays first; `undefined` where the list is empty. */
  readonly current: string | undefined;
  /** After the last track the first one plays. */
  readonly repeat: boolean;
}

export const EMPTY_PLAYLIST: Playlist = { tracks: [], current: undefined, repeat: false };

/** Adds tracks at the end; `refused` did not fit within {@link PLAYLIST_LIMIT}. */
export function add(
  playlist: Playlist,
  tracks: readonly Track[],
): { readonly playlist: Playlist; readonly refused: readonly Track[] } {
  const room = PLAYLIST_LIMIT - playlist.tracks.length;
  const taken = tracks.slice(0, Math.max(0, room));
  const all = [...playlist.tracks, ...taken];
  return {
    playlist: { ...playlist, tracks: all, current: playlist.current ?? all[0]?.id },
    refused: tracks.slice(taken.length),
  };
}

/** Takes a track out. If it is the current one, the next takes its place. */
export function remove(playlist: Playlist, id: string): Playlist {
  const index = playlist.tracks.findIndex((track) => track.id === id);
  if (index < 0) return playlist;
  const tracks = playlist.tracks.filter((track) => track.id !== id);
  const current =
    playlist.current === id ? (tracks[index] ?? tracks[0])?.id : playlist.current;
  return { ...playlist, tracks, current };
}

/** Moves a track to a place, counted from 0; past the ends it goes to the end. */
export function move(playlist: Playlist, id: string, place: number): Playlist {
  const track = playlist.tracks.find((candidate) => candidate.id === id);
  if (!track) return playlist;
  const tracks = playlist.tracks.filter((candidate) => candidate.id !== id);
  tracks.splice(Math.max(0, Math.min(place, tracks.length)), 0, track);
  return { ...playlist, tracks };
}

/** Replaces what is known of a track. */
export function describe(
  playlist: Playlist,
  id: string,
  facts: Partial<Omit<Track, "id" | "fileName">>,
): Playlist {
  const tracks = playlist.tracks.map((track) => (track.id === id ? { ...track, ...facts } : track));
  return { ...playlist, tracks };
}

/** The track after this one: the next that can be played, `undefined` at the end of the list. */
export function after(playlist: Playlist, id: string | undefined): Track | undefined {
  const { tracks, repeat } = playlist;
  const index = tracks.findIndex((track) => track.id === id);
  const order = [...tracks.slice(index + 1), ...(repeat ? tracks.slice(0, index + 1) : [])];
  return order.find((track) => track.fault === undefined);
}

/** The track to begin with: the current one, or the first after it that can be played. */
export function first(playlist: Playlist): Track | undefined {
  const current = playlist.tracks.find((track) => track.id === playlist.current);
  return current && current.fault === undefined ? current : after(playlist, playlist.current);
}

/** What listeners read: the tags, or the file's name where it has none. */
export function titleOf(track: Track): {
  readonly trackName: string;
  readonly artistName?: string;
  readonly albumName?: string;
} {
  return {
    trackName: track.title ?? nameOf(track.fileName),
    ...(track.artist === undefined ? {} : { artistName: track.artist }),
    ...(track.album === undefined ? {} : { albumName: track.album }),
  };
}

function nameOf(fileName: string): string {
  const name = fileName.replace(/\.[^.]{1,5}$/, "").replaceAll("_", " ").trim();
  return name === "" ? fileName : name;
}
