import type { Sink } from "./session.js";

/** Datagrams for channels whose join is not answered yet; past it the oldest are dropped. */
const MAX_EARLY = 256;

/** Which channel what arrives is for. */
export class Routes {
  #sinks = new Map<number, Sink>();
  #handles = new Map<string, number>();
  #early: { handle: number; deliver: (sink: Sink) => void }[] = [];
  #joinsUnderWay = 0;
  #waiting: (() => void)[] = [];

  /** A join is under way, whose handle is not known yet. Call what it returns once it is settled. */
  expectJoin(): () => void {
    this.#joinsUnderWay += 1;
    return () => {
      this.#joinsUnderWay -= 1;
      if (this.#joinsUnderWay === 0) this.#early = [];
      this.#wake();
    };
  }

  /** From now on what comes for the channel goes to this sink, beginning with what came early. */
  open(channelId: string, handle: number, sink: Sink): void {
    this.#sinks.set(handle, sink);
    this.#handles.set(channelId, handle);
    const early = this.#early;
    this.#early = early.filter((item) => item.handle !== handle);
    for (const item of early) if (item.handle === handle) item.deliver(sink);
    this.#wake();
  }

  close(channelId: string): void {
    const handle = this.#handles.get(channelId);
    if (handle !== undefined) this.#sinks.delete(handle);
    this.#handles.delete(channelId);
  }

  /** Nothing more comes. */
  end(): void {
    this.#sinks.clear();
    this.#handles.clear();
    this.#early = [];
    this.#joinsUnderWay = 0;
    this.#wake();
  }

  /** The sink of a joined channel. */
  sinkOf(channelId: string): Sink | undefined {
    const handle = this.#handles.get(channelId);
    return handle === undefined ? undefined : this.#sinks.get(handle);
  }

  /** Hands over what may get lost: at once, or once the join is answered, or never. */
  offer(handle: number, deliver: (sink: Sink) => void): void {
    const sink = this.#sinks.get(handle);
    if (sink) {
      deliver(sink);
    } else if (this.#joinsUnderWay > 0) {
      this.#early.push({ handle, deliver });
      if (this.#early.length > MAX_EARLY) this.#early.shift();
    }
  }

  /** The sink of a handle, once its join is answered; `undefined` where nobody wants it any more. */
  async sinkSoon(handle: number | undefined): Promise<Sink | undefined> {
    if (handle === undefined) return undefined;
    for (;;) {
      const sink = this.#sinks.get(handle);
      if (sink || this.#joinsUnderWay === 0) return sink;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
