import type { RelayIncident } from "@skywave/client";

/** Events that are kept; the oldest fall out. */
export const MAX_EVENTS = 500;

/** An event and its number, by which a list knows it again. */
export interface Entry {
  readonly number: number;
  readonly incident: RelayIncident;
}

/** What is shown: everything, everything but the coming and going of sessions, or one kind. */
export type KindFilter = "all" | "no-sessions" | (string & {});

/** What happened at the relay, newest first. */
export class EventLog {
  #entries: readonly Entry[] = [];
  #paused: readonly Entry[] | undefined;
  #count = 0;

  add(incident: RelayIncident): void {
    this.#count += 1;
    this.#entries = [{ number: this.#count, incident }, ...this.#entries.slice(0, MAX_EVENTS - 1)];
  }

  /** Events so far, those that have fallen out included. */
  get count(): number {
    return this.#count;
  }

  get isPaused(): boolean {
    return this.#paused !== undefined;
  }

  /** While it is paused, what is shown stays as it was. */
  pause(isPaused: boolean): void {
    this.#paused = isPaused ? (this.#paused ?? this.#entries) : undefined;
  }

  /** Events that came since it was paused, those that have fallen out included. */
  get waiting(): number {
    return this.#paused ? this.#count - (this.#paused[0]?.number ?? 0) : 0;
  }

  shown(filter: KindFilter): readonly Entry[] {
    return (this.#paused ?? this.#entries).filter(({ incident }) => passes(incident, filter));
  }
}

function passes({ kind }: RelayIncident, filter: KindFilter): boolean {
  if (filter === "all") return true;
  if (filter === "no-sessions") return kind !== "session-began" && kind !== "session-ended";
  return kind === filter;
}
