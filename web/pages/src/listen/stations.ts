import type { ActiveStream } from "@skywave/client";

/** A station that is on the air, as the list shows it. */
export interface Station {
  readonly channelId: string;
  readonly streamId: number;
  readonly showTitle: string;
  readonly hostName: string;
  readonly showType: string;
  /** Since when, ms of Unix time. */
  readonly startedAt: number;
  readonly listeners: number;
}

/** The stations on the air, by channel. */
export type Stations = ReadonlyMap<string, Station>;

/** No more stations than this are drawn at once; the search finds the others. */
export const MAX_SHOWN = 120;

/** Adds a station, or puts the new broadcast in the old one's place. */
export function started(stations: Stations, stream: ActiveStream): Stations {
  return new Map(stations).set(stream.channelId, {
    channelId: stream.channelId,
    streamId: stream.streamId,
    showTitle: stream.showTitle ?? "",
    hostName: stream.hostName ?? "",
    showType: stream.showType ?? "",
    startedAt: stream.startedAt,
    listeners: stream.listeners,
  });
}

/** Takes a station off, unless another broadcast has begun on it meanwhile. */
export function stopped(stations: Stations, channelId: string, streamId: number): Stations {
  if (stations.get(channelId)?.streamId !== streamId) return stations;
  const rest = new Map(stations);
  rest.delete(channelId);
  return rest;
}

/** Sets how many listen to a station; one that is not there is left so. */
export function counted(stations: Stations, channelId: string, listeners: number): Stations {
  const station = stations.get(channelId);
  if (!station || station.listeners === listeners) return stations;
  return new Map(stations).set(channelId, { ...station, listeners });
}

/**
 * The stations to show, those that are on the air longest first: a new one comes at the
 * end, so that nothing moves under a finger. `more` were left out.
 */
export function shown(
  stations: Stations,
  search = "",
): { readonly stations: readonly Station[]; readonly more: number } {
  const wanted = search.trim().toLocaleLowerCase();
  const found = [...stations.values()].filter(
    ({ channelId, showTitle, hostName, showType }) =>
      wanted === "" ||
      [channelId, showTitle, hostName, showType].some((text) =>
        text.toLocaleLowerCase().includes(wanted),
      ),
  );
  found.sort((a, b) => a.startedAt - b.startedAt || (a.channelId < b.channelId ? -1 : 1));
  return { stations: found.slice(0, MAX_SHOWN), more: Math.max(0, found.length - MAX_SHOWN) };
}
