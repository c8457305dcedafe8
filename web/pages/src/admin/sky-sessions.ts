import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { SessionStatus } from "@skywave/client";
import { formatSentence, plural } from "../ui/format.js";
import { base, buttons, cards } from "../ui/styles.js";
import { SessionPages, type SessionsState } from "./core/session-pages.js";
import { deliveryWords, formatUptime } from "./core/words.js";
import { look } from "./look.js";
import type { Monitor } from "./monitor.js";
import "./sky-confirm.js";

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/**
 * `<sky-sessions>`: the sessions that have to do with a channel, or all of them, page by
 * page. Event `sky-said` with what was done, in words.
 */
export class SkySessions extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    look,
    css`
      :host {
        display: block;
      }

      button {
        min-height: 40px;
        padding: 0 14px;
        font-size: 0.9375rem;
      }

      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
        padding: 12px 0;
        border-top: 1px solid var(--sky-line);
      }

      ul {
        margin: 12px 0;
        border-bottom: 1px solid var(--sky-line);
      }

      .session {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }

      .name {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 10px;
        align-items: center;
      }

      sky-confirm[asking] {
        flex: 1 0 100%;
      }
    `,
  ];

  static override properties = {
    monitor: { attribute: false },
    channelId: { attribute: false },
    streamId: { attribute: false },
    isOnline: { attribute: false },
    own: { attribute: false },
    now: { attribute: false },
    sessions: { state: true },
  };

  declare monitor: Monitor | undefined;
  /** `undefined`: all sessions of the relay. */
  declare channelId: string | undefined;
  /** The broadcast on the channel: when another begins, or it ends, the sessions are asked for. */
  declare streamId: number | undefined;
  /** Whether something can be asked of the relay just now. */
  declare isOnline: boolean;
  /** The number of this page's own session. */
  declare own: number | undefined;
  /** ms of the relay's Unix time. */
  declare now: number;
  private declare sessions: SessionsState | undefined;
  #pages: SessionPages | undefined;
  /** Sessions that were ended here: the relay lists them until they have closed. */
  readonly #ended = new Set<number>();

  constructor() {
    super();
    this.monitor = undefined;
    this.channelId = undefined;
    this.streamId = undefined;
    this.isOnline = false;
    this.own = undefined;
    this.now = 0;
    this.sessions = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { monitor, channelId } = this;
    if (monitor && (changed.has("monitor") || changed.has("channelId"))) {
      const pages: SessionPages = new SessionPages(
        (after) => monitor.sessions(channelId, after),
        () => Date.now(),
        (state) => {
          if (this.#pages === pages) this.sessions = state;
        },
      );
      this.#pages = pages;
      this.#ended.clear();
      this.sessions = pages.state;
      if (this.isOnline) void pages.refresh();
    } else if (
      this.isOnline &&
      (changed.get("isOnline") === false || changed.has("streamId"))
    ) {
      void this.#pages?.refresh();
    }
  }

  protected override render(): TemplateResult {
    const { sessions: state } = this;
    const isAway = !this.isOnline || state?.isLoading === true;
    const isPaged = state !== undefined && (state.page > 1 || state.hasNext);
    return html`<section aria-labelledby="heading" aria-busy=${state?.isLoading === true}>
      <div class="row apart">
        <h2 id="heading">
          ${this.channelId === undefined ? "Connected now" : "Sessions"}
        </h2>
        <div class="row">
          <span class="hint">${state?.at === undefined ? "" : `as of ${clock.format(state.at)}`}</span>
          <button type="button" id="refresh" ?disabled=${isAway} @click=${() => this.#pages?.refresh()}>
            Refresh
          </button>
        </div>
      </div>
      ${
        state?.fault === undefined
          ? nothing
          : html`<p class="fault" role="alert">${formatSentence(state.fault)}</p>`
      }
      ${
        !state || state.isEmpty
          ? html`<p class="muted">${state?.fault === undefined ? "Asking the relay…" : ""}</p>`
          : state.sessions.length === 0
            ? html`<p class="muted">Nobody listens just now.</p>`
            : html`<ul>
                ${repeat(
                  state.sessions.filter(({ session }) => !this.#ended.has(session)),
                  ({ session }) => session,
                  (session) => this.#session(session),
                )}
              </ul>`
      }
      ${
        isPaged
          ? html`<nav class="row apart" aria-label="Pages of sessions">
              <button type="button" ?disabled=${isAway || state.page === 1}
                @click=${() => this.#pages?.previous()}>Previous</button>
              <span class="hint numbers">Page ${state.page}, ${plural(state.sessions.length, "session")}</span>
              <button type="button" ?disabled=${isAway || !state.hasNext}
                @click=${() => this.#pages?.next()}>Next</button>
            </nav>`
          : nothing
      }
    </section>`;
  }

  #session(session: SessionStatus): TemplateResult {
    const isOwn = session.session === this.own;
    const client = [session.role, session.client, session.address].filter(Boolean).join(" · ");
    return html`<li>
      <div class="session">
        <p class="name">
          <strong>${session.subject}</strong>
          <span class="hint numbers">session ${session.session}</span>
          ${session.publishing ? html`<span class="pill live">Publisher</span>` : nothing}
          ${isOwn ? html`<span class="pill">This page</span>` : nothing}
        </p>
        <p class="hint">${client}</p>
        <p class="hint numbers">${this.#facts(session)}</p>
      </div>
      <sky-confirm
        small
        label="End…"
        describe=${`End session ${session.session} of ${session.subject}`}
        question=${
          isOwn
            ? "End the session of this page itself?"
            : session.publishing
              ? `End the session of ${session.subject}, who is on the air?`
              : `End the session of ${session.subject}?`
        }
        yes="End the session"
        ?disabled=${!this.isOnline}
        .act=${(message: string | undefined) => this.#end(session, message)}
      ></sky-confirm>
    </li>`;
  }

  #facts(session: SessionStatus): string {
    const { skippedFrames = 0, roundTripMs } = session;
    const listens = deliveryWords(session);
    return [
      `for ${formatUptime(this.now - session.since)}`,
      listens === "" ? "" : `listens by ${listens}`,
      roundTripMs === undefined ? "" : `round trip ${roundTripMs} ms`,
      skippedFrames === 0 ? "" : `${plural(skippedFrames, "frame")} skipped`,
    ]
      .filter(Boolean)
      .join(" · ");
  }

  async #end({ session, subject }: SessionStatus, message: string | undefined): Promise<void> {
    await this.monitor?.endSession(session, message);
    this.#ended.add(session);
    const said = `Session ${session} of ${subject} was ended.`;
    this.dispatchEvent(new CustomEvent("sky-said", { detail: said, bubbles: true, composed: true }));
    await this.#pages?.refresh();
  }
}

customElements.define("sky-sessions", SkySessions);
