import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { formatSentence, formatSpan, plural } from "../ui/format.js";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import { sky } from "./sky-look.js";
import type { DirectoryState } from "./directory.js";
import { routeHref, type Route } from "./route.js";
import "./sky-count.js";
import "./sky-horizon.js";
import "./sky-token.js";
import { shown, type Station } from "./stations.js";
import { refusalWords } from "./words.js";

/** From so many stations on there is a search. */
const SEARCH_FROM = 9;

/**
 * `<sky-stations>`: what is on the air, as it changes. Links lead to the stations. Asks
 * for a new attempt by `sky-retry`.
 */
export class SkyStations extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    sky,
    css`
      :host {
        --sun-size: 92px;
        --sun-rise: 46px;
        display: block;
      }

      .sky {
        min-height: clamp(270px, 38svh, 400px);
      }

      .words {
        position: relative;
        padding: clamp(4px, 3svh, 40px) 20px 24px;
        text-align: center;
      }

      h1 {
        font-size: clamp(1.875rem, 6.2vw, 3.5rem);
        font-weight: 800;
        letter-spacing: -0.035em;
        line-height: 1.08;
        text-wrap: balance;
      }

      .words p {
        margin-top: 10px;
        font-size: 1.0625rem;
      }

      .sun {
        position: relative;
        width: var(--sun-size);
        height: calc(var(--sun-size) / 2);
        margin: auto 0 var(--sun-rise);
        border-radius: 999px 999px 0 0;
        background: radial-gradient(circle at 50% 100%, var(--sky-sun), var(--sky-sun-edge) 130%);
      }

      .ground {
        max-width: 1080px;
        margin: 0 auto;
        padding: 0 20px 120px;
      }

      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 12px 24px;
        margin-bottom: 16px;
      }

      .head h2 {
        flex: 1;
        font-size: 1.25rem;
        letter-spacing: -0.01em;
      }

      .head input {
        max-width: 300px;
      }

      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr));
        gap: 14px;
      }

      .station {
        display: grid;
        grid-template-columns: 52px minmax(0, 1fr) auto;
        gap: 4px 16px;
        align-items: center;
        height: 100%;
        padding: 18px;
        color: inherit;
        text-decoration: none;
        transition:
          transform 0.2s,
          border-color 0.2s;
      }

      .station:hover {
        border-color: var(--sky-sun);
        transform: translateY(-2px);
      }

      .glyph {
        width: 52px;
        height: 52px;
        border-radius: 14px;
        background: var(--sky-heaven);
      }

      .glyph svg {
        display: block;
        fill: none;
        stroke: rgb(var(--sky-wave));
        stroke-width: 2;
        stroke-linecap: round;
      }

      .glyph .disc {
        fill: var(--sky-sun);
        stroke: none;
      }

      .name {
        display: block;
        overflow-wrap: anywhere;
        font-size: 1.1875rem;
        font-weight: 700;
        letter-spacing: -0.02em;
        line-height: 1.25;
      }

      .show {
        display: -webkit-box;
        overflow: hidden;
        overflow-wrap: anywhere;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
      }

      .since {
        display: block;
        color: var(--sky-muted);
        font-size: 0.875rem;
      }

      .audience {
        display: inline-flex;
        flex-direction: column;
        align-items: flex-end;
        font-size: 1.25rem;
        font-weight: 700;
        line-height: 1.15;
      }

      .audience small {
        color: var(--sky-muted);
        font-size: 0.8125rem;
        font-weight: 500;
      }

      .note {
        max-width: 34rem;
        margin: 0 auto;
        text-align: center;
      }

      .note h2 {
        font-size: 1.5rem;
        letter-spacing: -0.02em;
      }

      .note p {
        margin-top: 10px;
        text-wrap: pretty;
      }

      .note .button,
      .note button {
        margin-top: 24px;
      }

      code {
        display: inline-block;
        max-width: 100%;
        overflow-wrap: anywhere;
        padding: 6px 12px;
        border: 1px solid var(--sky-line);
        border-radius: 10px;
        background: var(--sky-surface);
        font: 0.875rem/1.5 var(--sky-mono);
      }

      .strip {
        margin-bottom: 16px;
        color: var(--sky-warn);
        font-weight: 600;
      }
    `,
  ];

  static override properties = {
    directory: { attribute: false },
    route: { attribute: false },
    now: { attribute: false },
    search: { state: true },
  };

  declare directory: DirectoryState;
  /** What the links to stations carry on. */
  declare route: Route;
  /** ms of Unix time: for words that tell how long. */
  declare now: number;
  declare private search: string;

  constructor() {
    super();
    this.directory = { stations: new Map(), isKnown: false, link: "asleep" };
    this.route = {};
    this.now = Date.now();
    this.search = "";
  }

  protected override render(): TemplateResult {
    return html`
      <slot name="header"></slot>
      <main>
        <div class="sky">
          <sky-horizon sky="still"></sky-horizon>
          <div class="words">
            <h1>Live radio, heard together.</h1>
            <p>Everyone hears the same moment.</p>
          </div>
          <div class="sun" aria-hidden="true"></div>
        </div>
        <div class="ground">${this.#body()}</div>
      </main>
    `;
  }

  #body(): TemplateResult {
    const { stations, isKnown, link, reason } = this.directory;
    if (link === "closed") return this.#refused();
    if (!isKnown && stations.size === 0) {
      return html`<div class="note" role="status">
        <h2>${link === "reconnecting" ? "The relay does not answer" : "Looking for stations"}</h2>
        ${
          link === "reconnecting"
            ? html`<p>Trying again by itself. ${formatSentence(reason?.message)}</p>`
            : nothing
        }
      </div>`;
    }
    const { stations: found, more } = shown(stations, this.search);
    return html`
      ${
        link === "reconnecting"
          ? html`<p class="strip" role="status">
              The connection to the relay was lost. It is being brought back; this is what was on
              the air before.
            </p>`
          : nothing
      }
      ${stations.size === 0 ? this.#quiet() : this.#list(found, more)}
    `;
  }

  #list(found: readonly Station[], more: number): TemplateResult {
    const { size } = this.directory.stations;
    return html`
      <div class="head">
        <h2><span role="status">${plural(size, "station")} on the air</span></h2>
        ${
          size < SEARCH_FROM && this.search === ""
            ? nothing
            : html`<input
                type="search"
                aria-label="Search the stations"
                placeholder="Search"
                .value=${this.search}
                @input=${this.#searched}
              />`
        }
      </div>
      <ul>
        ${repeat(
          found,
          ({ channelId }) => channelId,
          (station) => html`<li>${this.#station(station)}</li>`,
        )}
      </ul>
      ${
        found.length === 0
          ? html`<p class="muted">No station on the air is called that.</p>`
          : nothing
      }
      ${
        more > 0
          ? html`<p class="muted">${plural(more, "more station")}: search for them by name.</p>`
          : nothing
      }
    `;
  }

  #station(station: Station): TemplateResult {
    const { channelId, showTitle, hostName, showType, startedAt, listeners } = station;
    const show = [showTitle, hostName === "" ? "" : `with ${hostName}`].filter(Boolean).join(" ");
    const held = this.now - startedAt;
    const on = held < 60_000 ? "just began" : `on for ${formatSpan(held)}`;
    return html`<a class="station card" href=${routeHref({ ...this.route, channelId })}>
      <span class="glyph" aria-hidden="true">
        <svg viewBox="0 0 52 52">
          <path class="disc" d="M19 38a7 7 0 0 1 14 0z" />
          <path d="M13 38a13 13 0 0 1 26 0M7 38a19 19 0 0 1 38 0" />
        </svg>
      </span>
      <span>
        <span class="name">${channelId}</span>
        ${show === "" ? nothing : html`<span class="show">${show}</span>`}
        <span class="since">${showType === "" ? on : `${showType}, ${on}`}</span>
      </span>
      <span class="audience">
        <sky-count .value=${listeners}></sky-count>
        <small>${listeners === 1 ? "listener" : "listeners"}</small>
      </span>
    </a>`;
  }

  #quiet(): TemplateResult {
    return html`<div class="note">
      <h2><span role="status">Nothing on the air</span></h2>
      <p>When a station begins, it appears here by itself. It could be yours.</p>
      <a class="button primary" href="/studio">Go live from the studio</a>
      <p class="muted">Or from a terminal, with your own MP3 files:</p>
      <p><code>skywave publish --channel jazz *.mp3</code></p>
    </div>`;
  }

  #refused(): TemplateResult {
    const { reason } = this.directory;
    const wantsToken = reason?.code.startsWith("token-") ?? false;
    return html`<div class="note" role="alert">
      <h2>${reason?.code === "unsupported" ? "This browser cannot play it" : "Not let in"}</h2>
      <p>${refusalWords(reason)}</p>
      ${
        wantsToken
          ? html`<sky-token></sky-token>`
          : html`<button class="primary" @click=${this.#retry}>Try again</button>`
      }
    </div>`;
  }

  readonly #searched = (event: InputEvent): void => {
    this.search = (event.target as HTMLInputElement).value;
  };

  readonly #retry = (): void => {
    this.dispatchEvent(new CustomEvent("sky-retry"));
  };
}

customElements.define("sky-stations", SkyStations);

declare global {
  interface HTMLElementTagNameMap {
    "sky-stations": SkyStations;
  }
}
