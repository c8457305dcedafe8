import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { formatClock, formatSentence, formatSpan } from "../ui/format.js";
import "../ui/sky-header.js";
import { base, buttons, cards } from "../ui/styles.js";
import { look } from "./look.js";
import { Monitor, type MonitorState } from "./monitor.js";
import { readRoute, type Route } from "./route.js";
import "./sky-admin-sign-in.js";
import "./sky-events.js";
import "./sky-sessions.js";
import "./sky-stream.js";
import "./sky-streams.js";
import "./sky-totals.js";
import { TokenStore } from "./token.js";

/** The relay tells once a second; from so many ms without a word on, that is said. */
const QUIET_MS = 4_000;

/** `<sky-admin>`: the admin page. */
export class SkyAdmin extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    look,
    css`
      :host {
        display: block;
        min-height: 100vh;
        padding-bottom: max(32px, env(safe-area-inset-bottom));
      }

      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--sky-gap);
        max-width: 1200px;
        margin: 0 auto;
        padding: 8px max(20px, env(safe-area-inset-right)) 0 max(20px, env(safe-area-inset-left));
      }

      .head {
        min-width: 0;
      }

      .said {
        margin: 14px 0 0;
      }

      dialog .card {
        margin: 14px 0;
      }

      /* In sight wherever the page is scrolled to. */
      .head .away {
        position: fixed;
        z-index: 5;
        right: 12px;
        bottom: max(12px, env(safe-area-inset-bottom));
        left: 12px;
        max-width: 760px;
        margin: 0 auto;
      }

      h1 {
        font-size: 1.75rem;
        letter-spacing: -0.02em;
        line-height: 1.2;
      }

      .note {
        width: min(100%, 560px);
        margin: 24px auto 0;
      }

      .note p {
        margin-top: 10px;
        text-wrap: pretty;
      }

      .note button {
        margin-top: 18px;
      }

      .away {
        border: 2px solid var(--sky-bad);
      }

      .said {
        border-color: var(--sky-good);
      }

      dialog {
        width: min(640px, 100vw);
        max-width: none;
        height: 100dvh;
        max-height: none;
        margin: 0 0 0 auto;
        padding: 16px max(20px, env(safe-area-inset-right)) 32px 20px;
        border: 0;
        border-left: 1px solid var(--sky-line);
        background: var(--sky-surface);
        color: var(--sky-text);
        overscroll-behavior: contain;
      }

      dialog::backdrop {
        background: rgb(10 8 30 / 55%);
      }

      dialog h2 {
        overflow-wrap: anywhere;
        font-size: 1.5rem;
        line-height: 1.25;
      }

      .close {
        flex: none;
      }

      .bar {
        display: flex;
        gap: 12px;
        align-items: center;
        justify-content: space-between;
        margin-bottom: 8px;
      }

      sky-sessions {
        margin-top: 28px;
      }
    `,
  ];

  static override properties = {
    state: { state: true },
    route: { state: true },
    said: { state: true },
    now: { state: true },
  };

  private declare state: MonitorState;
  private declare route: Route;
  /** What was done last, in words. */
  private declare said: string;
  /** Local ms, once a second. */
  private declare now: number;
  readonly #tokens = TokenStore.ofTab();
  readonly #monitor: Monitor;
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.route = readRoute(location.hash);
    this.said = "";
    this.now = Date.now();
    this.#monitor = new Monitor(location.origin, (state) => {
      this.state = state;
      this.requestUpdate();
    });
    this.state = this.#monitor.state;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("hashchange", this.#navigated);
    this.#ticking = setInterval(() => {
      this.now = Date.now();
    }, 1_000);
    this.#monitor.open(this.#tokens.token);
  }

  override disconnectedCallback(): void {
    window.removeEventListener("hashchange", this.#navigated);
    clearInterval(this.#ticking);
    this.#monitor.close();
    super.disconnectedCallback();
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  }

  protected override render(): TemplateResult {
    return html`<sky-header page="admin"></sky-header>
      <main>${this.#content()}</main>`;
  }

  #content(): TemplateResult {
    const { state } = this;
    const isNew = state.relay === undefined;
    switch (state.phase) {
      case "sign-in":
        return this.#signIn();
      case "not-allowed":
        return this.#notAllowed();
      case "closed":
        return this.#note(
          "Not connected",
          html`<p>${formatSentence(state.reason?.message)}</p>
            <button class="primary" id="again" type="button" @click=${this.#again}>
              Connect again
            </button>`,
        );
      case "connecting":
        return this.#note("Connecting", html`<p role="status">Looking for the relay…</p>`);
      case "reconnecting":
      case "watching":
        return state.phase === "reconnecting" && isNew
          ? this.#note(
              "The relay cannot be reached",
              html`<p role="status">
                ${formatSentence(state.reason?.message)} It is tried again by itself.
              </p>`,
            )
          : this.#desk();
    }
  }

  #note(heading: string, content: TemplateResult): TemplateResult {
    return html`<section class="card note">
      <h1>${heading}</h1>
      ${content}
    </section>`;
  }

  #signIn(): TemplateResult {
    const { reason } = this.state;
    const words =
      reason?.code === "token-expired"
        ? "The token has expired: a fresh one is needed."
        : reason?.code === "token-invalid"
          ? `The relay does not take this token. ${formatSentence(reason.message)}`
          : "This page shows what happens on the relay, to its administrators.";
    return this.#note(
      "Sign in",
      html`<p role="status">${words}</p>
        <sky-admin-sign-in @sky-token=${this.#given}></sky-admin-sign-in>`,
    );
  }

  #notAllowed(): TemplateResult {
    const { who, auth } = this.state;
    if (auth === "open") {
      return this.#note(
        "Not from here",
        html`<p role="status">
            Your role on this relay is <strong>${who?.role}</strong>; this page needs
            <strong>admin</strong>.
          </p>
          <p>
            The relay is open: it asks nobody for a token, and takes as administrators only those
            who come from the machine that it runs on.
          </p>
          <button id="again" type="button" @click=${this.#again}>Try again</button>`,
      );
    }
    return this.#note(
      "Not with this token",
      html`<p role="status">
          This token is for <strong>${who?.subject}</strong>, with the role
          <strong>${who?.role}</strong>; this page needs the role <strong>admin</strong>.
        </p>
        <sky-admin-sign-in @sky-token=${this.#given}></sky-admin-sign-in>`,
    );
  }

  #desk(): TemplateResult {
    const { state } = this;
    const now = state.relay?.now ?? this.now;
    return html`<div class="head">
        <div class="row apart">
          <h1>Relay</h1>
          <div class="row">
            ${this.#connection()}
            ${
              this.#tokens.token === undefined
                ? nothing
                : html`<span class="muted">${state.who?.subject}</span>
                    <button class="quiet" id="sign-out" type="button" @click=${this.#signOut}>
                      Sign out
                    </button>`
            }
          </div>
        </div>
        ${this.#away()} ${this.route.view === "relay" ? this.#saying() : nothing}
      </div>
      <sky-totals .state=${state} .listeners=${this.#monitor.listeners}></sky-totals>
      <sky-streams .rows=${state.rows} .now=${now}></sky-streams>
      <sky-events .log=${this.#monitor.events} .count=${this.#monitor.events.count}></sky-events>
      ${this.route.view === "relay" ? nothing : this.#panel(this.route, now)}`;
  }

  #connection(): TemplateResult {
    const quietFor = this.#quietFor();
    const [tone, words] =
      this.state.phase === "reconnecting"
        ? ["bad", "Connection lost"]
        : quietFor >= QUIET_MS
          ? ["warn", "No word"]
          : ["good", "Live"];
    return html`<span class=${`pill ${tone}`} id="connection">${words}</span>`;
  }

  /** Says so where what is shown is not of now. */
  #away(): TemplateResult {
    const { phase, reason, toldAt } = this.state;
    const isLost = phase === "reconnecting";
    const isQuiet = !isLost && this.#quietFor() >= QUIET_MS;
    const since = toldAt === undefined ? "" : `What you see is from ${formatClock(toldAt)}, `;
    const ago = toldAt === undefined ? "" : `${formatSpan(this.now - toldAt)} ago.`;
    return html`<div role="status">
      ${
        isLost || isQuiet
          ? html`<div class="card away">
              <p>
                ${
                  isLost
                    ? "The connection to the relay is lost. It is tried again by itself."
                    : "The relay has not said for a while how it does."
                }
                <span aria-live="off">${since}${ago}</span>
                ${
                  isLost
                    ? html`<span class="hint">${formatSentence(reason?.message)}</span>`
                    : nothing
                }
              </p>
            </div>`
          : nothing
      }
    </div>`;
  }

  #saying(): TemplateResult {
    return html`<div role="status" id="said">
      ${
        this.said === ""
          ? nothing
          : html`<div class="card said row apart">
              <p>${this.said}</p>
              <button
                class="quiet"
                type="button"
                @click=${() => {
                  this.said = "";
                }}
              >
                All right
              </button>
            </div>`
      }
    </div>`;
  }

  #panel(route: Exclude<Route, { readonly view: "relay" }>, now: number): TemplateResult {
    const channelId = route.view === "stream" ? route.channelId : undefined;
    const isOnline = this.state.phase === "watching";
    const row = this.state.rows?.find(({ status }) => status.channelId === channelId);
    return html`<dialog
      aria-labelledby="panel-heading"
      @close=${this.#closed}
      @click=${this.#clicked}
      @sky-said=${(event: CustomEvent<string>) => {
        this.said = event.detail;
      }}
    >
      <div class="bar">
        <h2 id="panel-heading">${channelId ?? "All sessions"}</h2>
        <button class="close" id="close" type="button" @click=${this.#close}>Close</button>
      </div>
      ${this.#away()} ${this.#saying()}
      ${
        channelId === undefined
          ? nothing
          : html`<sky-stream
              .monitor=${this.#monitor}
              .channelId=${channelId}
              .row=${row}
              .isOnline=${isOnline}
              .now=${now}
            ></sky-stream>`
      }
      <sky-sessions
        .monitor=${this.#monitor}
        .channelId=${channelId}
        .streamId=${row?.status.streamId}
        .isOnline=${isOnline}
        .own=${this.state.who?.session}
        .now=${now}
      ></sky-sessions>
    </dialog>`;
  }

  #quietFor(): number {
    const { toldAt } = this.state;
    return toldAt === undefined ? 0 : this.now - toldAt;
  }

  readonly #given = (event: CustomEvent<string>): void => {
    this.#tokens.token = event.detail;
    this.#monitor.open(event.detail);
  };

  readonly #again = (): void => {
    this.#monitor.open(this.#tokens.token);
  };

  readonly #signOut = (): void => {
    this.#tokens.token = undefined;
    this.#monitor.open();
  };

  readonly #navigated = (): void => {
    this.said = "";
    this.route = readRoute(location.hash);
  };

  readonly #close = (): void => {
    this.renderRoot.querySelector("dialog")?.close();
  };

  /** A press beside the panel closes it. */
  readonly #clicked = (event: MouseEvent): void => {
    if (event.target === event.currentTarget) this.#close();
  };

  readonly #closed = (): void => {
    history.replaceState(null, "", location.pathname + location.search);
    this.said = "";
    this.route = { view: "relay" };
  };
}

customElements.define("sky-admin", SkyAdmin);
