import type { ActiveStream } from "./control.js";

/** What began and what ended since the relay was last heard. */
export interface Changes {
  readonly started: readonly ActiveStream[];
  readonly stopped: readonly ActiveStream[];
}

/** What is on the air, as far as the relay has told: as many entries as it has broadcasts. */
export class OnAir {
  #streams = new Map<string, ActiveStream>();

  get streams(): readonly ActiveStream[] {
    return [...this.#streams.values()];
  }

  started(stream: ActiveStream): void {
    this.#streams.set(stream.channelId, stream);
  }

  stopped(channelId: string): void {
    this.#streams.delete(channelId);
  }

  counted(channelId: string, listeners: number): void {
    const stream = this.#streams.get(channelId);
    if (stream) this.#streams.set(channelId, { ...stream, listeners });
  }

  /** These are all; gives what that changes. */
  replace(streams: readonly ActiveStream[]): Changes {
    const before = this.#streams;
    this.#streams = new Map(streams.map((stream) => [stream.channelId, stream]));
    const isIn = (map: Map<string, ActiveStream>, { channelId, streamId }: ActiveStream) =>
      map.get(channelId)?.streamId === streamId;
    return {
      stopped: [...before.values()].filter((stream) => !isIn(this.#streams, stream)),
      started: streams.filter((stream) => !isIn(before, stream)),
    };
  }
}
