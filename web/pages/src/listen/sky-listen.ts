import { Player, type PlayerState } from "@skywave/player";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import "../ui/sky-header.js";
import { base, buttons } from "../ui/styles.js";
import { Directory, type DirectoryState } from "./directory.js";
import { icons } from "./icons.js";
import { readRoute, routeHref, type Route } from "./route.js";
import { browserStorage, loadSettings, saveSettings, type Settings } from "./settings.js";
import "./sky-station.js";
import "./sky-stations.js";
import { counted } from "./stations.js";
import { keepToken, takeToken } from "./token.js";
import { documentTitle, heardNow, since, titleLine, type OnAir, type Since } from "./words.js";

/** How often words that tell how long are brought up to date, in ms. */
const WORDS_MS = 1_000;
const LIST_WORDS_MS = 10_000;

/**
 * `<sky-listen>`: the listen page. The address says what is shown: the list of stations,
 * or one station. What plays goes on while the list is looked at.
 */
export class SkyListen extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        display: block;
      }

      .playing {
        position: fixed;
        right: 0;
        bottom: 0;
        left: 0;
        display: flex;
        align-items: center;
        gap: 12px;
        max-width: 640px;
        margin: 0 auto max(12px, env(safe-area-inset-bottom));
        padding: 8px 8px 8px 20px;
        border: 1px solid var(--sky-line);
        border-radius: 999px;
        background: var(--sky-surface);
        box-shadow: var(--sky-shadow);
      }

      .playing a {
        flex: 1;
        min-width: 0;
        color: inherit;
        text-decoration: none;
      }

      .playing a span {
        display: block;
        overflow: hidden;
        line-height: 1.3;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .playing .name {
        font-weight: 700;
      }

      .playing button {
        border-color: transparent;
        background: var(--sky-sun);
        color: var(--sky-sun-text);
      }

      .playing button svg {
        fill: currentcolor;
      }

      @media (max-width: 680px) {
        .playing {
          margin-right: 12px;
          margin-left: 12px;
        }
      }
    `,
  ];

  readonly #directory: Directory;
  #token: string | undefined;
  #route: Route;
  #settings: Settings;
  #list: DirectoryState;
  #player: Player | undefined;
  #state: PlayerState | undefined;
  #since: Since | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.#token = takeToken(location, history, browserStorage("sessionStorage"));
    this.#route = readRoute(location.search);
    this.#settings = loadSettings(browserStorage("localStorage"));
    this.#directory = new Directory(
      () => ({
        relay: location.origin,
        client: "skywave-listen",
        ...(this.#token === undefined ? {} : { token: this.#token }),
      }),
      (list) => {
        this.#list = list;
        this.requestUpdate();
      },
    );
    this.#list = this.#directory.state;
  }

  /** The player of the station that is heard, or else of the one that is shown. */
  get player(): Player | undefined {
    return this.#player;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("popstate", this.#addressChanged);
    this.#clock = setInterval(() => {
      this.requestUpdate();
    }, WORDS_MS);
    this.#arrive();
  }

  override disconnectedCallback(): void {
    window.removeEventListener("popstate", this.#addressChanged);
    clearInterval(this.#clock);
    this.#directory.close();
    this.#setPlayer(undefined);
    super.disconnectedCallback();
  }

  protected override render(): TemplateResult {
    const { channelId } = this.#route;
    return html`<div @click=${this.#clicked}>
      ${channelId === undefined ? this.#stations() : this.#station(channelId)}
    </div>`;
  }

  protected override willUpdate(): void {
    const { channelId } = this.#route;
    const isHeard = this.#state?.status === "playing" && this.#state.channelId === channelId;
    this.#directory.look(!isHeard);
  }

  protected override updated(): void {
    document.title = documentTitle(this.#route.channelId, this.#state);
  }

  #stations(): TemplateResult {
    return html`
      <sky-stations
        .directory=${this.#counted}
        .route=${this.#carried}
        .now=${Math.floor(Date.now() / LIST_WORDS_MS) * LIST_WORDS_MS}
        @sky-retry=${this.#retry}
        @sky-token=${this.#tokenGiven}
      >
        <sky-header slot="header" page="listen"></sky-header>
      </sky-stations>
      ${this.#playing()}
    `;
  }

  #station(channelId: string): TemplateResult {
    const isMine = this.#state?.channelId === channelId;
    return html`<sky-station
      .channelId=${channelId}
      .station=${this.#list.stations.get(channelId)}
      .onAir=${this.#onAir(channelId)}
      .playerState=${isMine ? this.#state : undefined}
      .since=${isMine ? this.#since : undefined}
      .analyser=${isMine ? this.#player?.analyser : undefined}
      .settings=${this.#shownSettings}
      .refusal=${this.#list.link === "closed" ? this.#list.reason : undefined}
      .home=${routeHref(this.#carried)}
      .now=${Date.now()}
      @sky-token=${this.#tokenGiven}
      @sky-play=${this.#play}
      @sky-stop=${this.#stop}
      @sky-settings=${this.#settled}
    >
      <sky-header slot="header" page="listen"></sky-header>
    </sky-station>`;
  }

  #playing(): TemplateResult | typeof nothing {
    const state = this.#state;
    if (!state || !this.#isBusy) return nothing;
    const { channelId } = state;
    const song = titleLine(heardNow(state));
    return html`<aside class="playing" aria-label="Playing">
      <a href=${routeHref({ ...this.#carried, channelId })}>
        <span class="name">${channelId}</span>
        <span class="muted">${song === "" ? (state.show?.showTitle ?? "Live") : song}</span>
      </a>
      <button class="icon" aria-label="Stop ${channelId}" @click=${this.#stop}>
        ${icons.stop}
      </button>
    </aside>`;
  }

  /** A player plays, or means to. */
  get #isBusy(): boolean {
    const status = this.#state?.status ?? "idle";
    return status !== "idle" && status !== "failed";
  }

  /** What of the address stays from station to station. */
  get #carried(): Route {
    const { channelId, ...carried } = this.#route;
    return carried;
  }

  /** The list, with the count that the player knows of its own station. */
  get #counted(): DirectoryState {
    const { channelId, listeners } = this.#state ?? {};
    if (!this.#isBusy || channelId === undefined || listeners === undefined) return this.#list;
    return { ...this.#list, stations: counted(this.#list.stations, channelId, listeners) };
  }

  /** The address counts more than what was chosen another day. */
  get #shownSettings(): Settings {
    const { delay } = this.#route;
    return delay === undefined ? this.#settings : { ...this.#settings, delay };
  }

  #onAir(channelId: string): OnAir {
    const { stations, isKnown, link } = this.#list;
    if (link === "closed") return "refused";
    if (link === "reconnecting") return "unreachable";
    if (stations.has(channelId)) return "on";
    return isKnown && link === "open" ? "off" : "unknown";
  }

  /** Makes ready what the address shows, without a sound. */
  #arrive(): void {
    const { channelId } = this.#route;
    if (channelId !== undefined && !this.#isBusy && this.#state?.channelId !== channelId) {
      this.#setPlayer(this.#makePlayer(channelId));
      // What play needs is loaded meanwhile, so that it sounds sooner.
      this.#player?.prepare();
    }
    this.requestUpdate();
  }

  #makePlayer(channelId: string): Player {
    const { delay, delivery } = this.#route;
    const player = new Player({
      relay: location.origin,
      channelId,
      delay: delay ?? this.#settings.delay,
      ...(delivery === undefined ? {} : { delivery }),
      ...(this.#token === undefined ? {} : { token: this.#token }),
    });
    player.volume = this.#settings.volume;
    player.muted = this.#settings.muted;
    return player;
  }

  #setPlayer(player: Player | undefined): void {
    this.#player?.destroy();
    this.#player = player;
    this.#state = player?.state;
    this.#since = undefined;
    player?.on("change", (state) => {
      if (this.#player !== player) return;
      this.#state = state;
      this.#since = since(this.#since, state.status, Date.now());
      this.requestUpdate();
    });
  }

  readonly #play = (): void => {
    const { channelId } = this.#route;
    if (channelId === undefined) return;
    if (this.#player?.state.channelId !== channelId) this.#setPlayer(this.#makePlayer(channelId));
    this.#player?.play().catch(() => {
      // The player's state says what is wrong, and the page shows it.
    });
  };

  readonly #stop = (): void => {
    this.#player?.stop();
    this.#arrive();
  };

  readonly #settled = (event: CustomEvent<Partial<Settings>>): void => {
    this.#settings = { ...this.#settings, ...event.detail };
    saveSettings(browserStorage("localStorage"), this.#settings);
    const { volume, muted, delay } = event.detail;
    if (this.#player) {
      if (volume !== undefined) this.#player.volume = volume;
      if (muted !== undefined) this.#player.muted = muted;
      if (delay !== undefined) this.#player.delay = delay;
    }
    if (delay !== undefined && this.#route.delay !== undefined) {
      // The choice made by hand counts more than the address, which must not say otherwise.
      const { delay: _, ...route } = this.#route;
      this.#route = route;
      history.replaceState(null, "", routeHref(route));
    }
    this.requestUpdate();
  };

  readonly #retry = (): void => {
    this.#directory.retry();
  };

  readonly #tokenGiven = (event: CustomEvent<string>): void => {
    this.#token = event.detail;
    keepToken(browserStorage("sessionStorage"), this.#token);
    this.#directory.retry();
    // A player keeps the token that it was made with.
    if (!this.#isBusy) this.#setPlayer(undefined);
    this.#arrive();
  };

  /** Follows links within the page without loading it anew, so that the sound goes on. */
  readonly #clicked = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((part) => part instanceof HTMLAnchorElement);
    if (!link) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || url.pathname !== location.pathname) return;
    event.preventDefault();
    if (url.href !== location.href) history.pushState(null, "", url);
    this.#addressChanged();
    scrollTo(0, 0);
  };

  readonly #addressChanged = (): void => {
    this.#route = readRoute(location.search);
    this.#arrive();
  };
}

customElements.define("sky-listen", SkyListen);

declare global {
  interface HTMLElementTagNameMap {
    "sky-listen": SkyListen;
  }
}
