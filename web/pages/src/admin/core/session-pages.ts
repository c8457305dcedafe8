import type { SessionPage, SessionStatus } from "@skywave/client";

/** What is known of the sessions that are looked at. */
export interface SessionsState {
  readonly sessions: readonly SessionStatus[];
  /** From 1. */
  readonly page: number;
  readonly hasNext: boolean;
  /** Nothing has been told yet. */
  readonly isEmpty: boolean;
  readonly isLoading: boolean;
  /** When they were told, local ms. */
  readonly at?: number;
  /** Why they could not be told, in words. */
  readonly fault?: string;
}

/** Asks for the sessions with a higher number than `after`. */
export type AskSessions = (after: number | undefined) => Promise<SessionPage>;

/** Leafs through a relay's sessions, a page at a time, forth and back. */
export class SessionPages {
  #state: SessionsState = {
    sessions: [],
    page: 1,
    hasNext: false,
    isEmpty: true,
    isLoading: false,
  };
  /** After which session the pages up to the present one begin. */
  #starts: readonly (number | undefined)[] = [undefined];
  #asked = 0;

  constructor(
    private readonly ask: AskSessions,
    private readonly now: () => number,
    private readonly onChange: (state: SessionsState) => void,
  ) {}

  get state(): SessionsState {
    return this.#state;
  }

  /** Asks for the present page again. */
  refresh(): Promise<void> {
    return this.#turn(this.#starts);
  }

  async next(): Promise<void> {
    const last = this.#state.sessions.at(-1);
    if (this.#state.hasNext && last) await this.#turn([...this.#starts, last.session]);
  }

  async previous(): Promise<void> {
    if (this.#starts.length > 1) await this.#turn(this.#starts.slice(0, -1));
  }

  /** The newest question counts; answers to the ones before it are left. */
  async #turn(starts: readonly (number | undefined)[]): Promise<void> {
    const question = (this.#asked += 1);
    const { fault: _, ...before } = this.#state;
    this.#set({ ...before, isLoading: true });
    try {
      const { sessions, more } = await this.ask(starts.at(-1));
      if (question !== this.#asked) return;
      this.#starts = starts;
      this.#set({
        sessions,
        page: starts.length,
        hasNext: more,
        isEmpty: false,
        isLoading: false,
        at: this.now(),
      });
      // All sessions of the last page have ended: the page before is the last one now.
      if (sessions.length === 0 && starts.length > 1) await this.previous();
    } catch (error) {
      if (question !== this.#asked) return;
      const fault = error instanceof Error ? error.message : String(error);
      this.#set({ ...before, isLoading: false, fault });
    }
  }

  #set(state: SessionsState): void {
    this.#state = state;
    this.onChange(state);
  }
}
