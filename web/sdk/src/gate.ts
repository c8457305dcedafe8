import type { RelayEvent } from "./control.js";

/** Events that are held at the most; past it the session that tells them is of no use. */
const MAX_HELD = 1_024;

/** Stands between a session and the application while two sessions overlap. */
export class Gate {
  #state: "held" | "open" | "shut";
  #held: RelayEvent[] = [];

  constructor(
    state: "held" | "open",
    private readonly pass: (event: RelayEvent) => void,
  ) {
    this.#state = state;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Passes an event on, keeps it for later, or drops it. `false` where no more can be kept. */
  tell(event: RelayEvent): boolean {
    if (this.#state === "open") this.pass(event);
    if (this.#state !== "held") return true;
    return this.#held.push(event) <= MAX_HELD;
  }

  /** Passes on what was held, and all that follows. */
  open(): void {
    this.#state = "open";
    for (const event of this.#held.splice(0)) this.pass(event);
  }

  /** Drops all that follows. */
  shut(): void {
    this.#state = "shut";
    this.#held = [];
  }
}
