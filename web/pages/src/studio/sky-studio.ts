import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import "../ui/sky-header.js";
import { base, buttons, cards } from "../ui/styles.js";
import { resumption, type SavedLive, type SavedStudio } from "./core/resume.js";
import { FileStore } from "./file-store.js";
import type { Credentials } from "./messages.js";
import "./sky-air.js";
import "./sky-audience.js";
import "./sky-playlist.js";
import "./sky-sign-in.js";
import "./sky-station-form.js";
import "./sky-upload.js";
import "./sky-voice.js";
import { INITIAL_STATE, type StudioState } from "./state.js";
import { Studio, type Place, type StudioDiagnostics } from "./studio.js";
import { TabMemory } from "./tab-memory.js";

/** What browsers take for a wish to hear something. */
const GESTURES = ["pointerup", "keydown"] as const;

/** `<sky-studio>`: the studio page. */
export class SkyStudio extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    css`
      :host {
        display: block;
        min-height: 100vh;
        padding-bottom: max(32px, env(safe-area-inset-bottom));
      }

      main {
        display: grid;
        gap: var(--sky-gap);
        max-width: 1200px;
        margin: 0 auto;
        padding: 16px max(20px, env(safe-area-inset-right)) 0 max(20px, env(safe-area-inset-left));
      }

      .desk {
        display: grid;
        gap: var(--sky-gap);
        align-items: start;
      }

      .main,
      .side {
        display: contents;
      }

      sky-playlist,
      sky-audience,
      sky-upload {
        order: 1;
      }

      @media (min-width: 900px) {
        .desk {
          grid-template-columns: minmax(0, 1fr) 380px;
        }

        .main,
        .side {
          display: grid;
          gap: var(--sky-gap);
          min-width: 0;
        }
      }

      .message {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 10px 16px;
      }

      .message.end {
        border-color: var(--sky-bad);
        border-width: 2px;
      }

      .message h2 {
        font-size: 1.125rem;
      }

      .who {
        display: flex;
        align-items: center;
        gap: 12px;
        min-width: 0;
      }

      .who span {
        overflow: hidden;
        max-width: 160px;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      #sign-out {
        padding: 0 8px;
        white-space: nowrap;
      }

      @media (max-width: 520px) {
        .who span {
          display: none;
        }
      }

      .dropping {
        position: fixed;
        inset: 12px;
        z-index: 10;
        display: grid;
        border: 3px dashed var(--sky-accent);
        border-radius: var(--sky-radius);
        background: color-mix(in srgb, var(--sky-bg) 88%, transparent);
        font-size: 1.5rem;
        font-weight: 700;
        place-items: center;
        pointer-events: none;
      }
    `,
  ];

  static override properties = { state: { state: true }, isDropping: { state: true } };

  private declare state: StudioState;
  private declare isDropping: boolean;
  #studio: Studio | undefined;
  #memory: TabMemory | undefined;
  /** Before that, what is saved is what the page before this one left. */
  #isOpen = false;

  constructor() {
    super();
    this.state = INITIAL_STATE;
    this.isDropping = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("dragover", this.#dragOver);
    window.addEventListener("dragleave", this.#dragLeave);
    window.addEventListener("drop", this.#drop);
    window.addEventListener("beforeunload", this.#leaving);
    window.addEventListener("pagehide", this.#save);
    for (const gesture of GESTURES) window.addEventListener(gesture, this.#continue);
    if (!this.#studio) void this.#open();
  }

  override disconnectedCallback(): void {
    window.removeEventListener("dragover", this.#dragOver);
    window.removeEventListener("dragleave", this.#dragLeave);
    window.removeEventListener("drop", this.#drop);
    window.removeEventListener("beforeunload", this.#leaving);
    window.removeEventListener("pagehide", this.#save);
    for (const gesture of GESTURES) window.removeEventListener(gesture, this.#continue);
    super.disconnectedCallback();
  }

  /** Measured values, for tests and for whoever wonders. */
  diagnostics(): StudioDiagnostics | undefined {
    return this.#studio?.diagnostics();
  }

  protected override render(): TemplateResult {
    const { credentials } = this.state;
    return html`<sky-header page="studio">${credentials ? this.#who() : nothing}</sky-header>
      <main>
        ${this.#messages()}
        ${!this.#studio
          ? nothing
          : credentials
            ? this.#desk(this.#studio)
            : html`<sky-sign-in
                .auth=${this.state.auth}
                @sky-sign-in=${(event: CustomEvent<Credentials>) => {
                  this.#studio?.signIn(event.detail);
                }}
              ></sky-sign-in>`}
      </main>
      ${this.isDropping ? html`<div class="dropping">Drop the music here</div>` : nothing}`;
  }

  #who(): TemplateResult {
    const { connection, live, credentials } = this.state;
    return html`<div class="who">
      <span class="muted">${connection.subject ?? credentials?.subject ?? ""}</span>
      ${live === "off"
        ? html`<button
            id="sign-out"
            class="quiet"
            type="button"
            @click=${() => {
              this.#studio?.signOut();
            }}
          >
            Sign out
          </button>`
        : nothing}
    </div>`;
  }

  #messages(): TemplateResult {
    const { ending, notice, connection, unfinished, live } = this.state;
    const isAway = connection.state === "reconnecting";
    return html`${ending
      ? html`<div class="card message end" role="alert" id="ending">
          <div>
            <h2>${ending.headline}</h2>
            <p>${ending.advice}</p>
          </div>
        </div>`
      : nothing}
    ${isAway
      ? html`<div class="card message" role="status" id="connection">
          <p>
            ${live === "off"
              ? "The relay cannot be reached just now."
              : "The connection to the relay is lost: listeners do not hear you now."}
            It is tried again by itself. <span class="muted">(${connection.reason ?? ""})</span>
          </p>
        </div>`
      : nothing}
    ${unfinished === undefined || live !== "off"
      ? nothing
      : html`<div class="card message" role="status">
          <p>You were on the air with <strong>${unfinished}</strong> in this tab.</p>
          <button
            type="button"
            @click=${() => {
              this.#studio?.forgetUnfinished();
            }}
          >
            Leave it
          </button>
        </div>`}
    ${notice === undefined
      ? nothing
      : html`<div class="card message" role="status" id="notice">
          <p>${notice}</p>
          <button
            class="quiet"
            type="button"
            @click=${() => {
              this.#studio?.dismissNotice();
            }}
          >
            All right
          </button>
        </div>`}`;
  }

  #desk(studio: Studio): TemplateResult {
    const { state } = this;
    // A broadcast that goes on has begun before.
    const isBeginning = state.live === "starting" && state.startedAt === undefined;
    const isOnAir = state.live !== "off" && !isBeginning;
    return html`<div class="desk">
      <div class="main">
        ${isOnAir
          ? html`<sky-air .studio=${studio} .state=${state}></sky-air>`
          : html`<sky-station-form .studio=${studio} .state=${state}></sky-station-form>`}
        <sky-playlist
          .studio=${studio}
          .playlist=${state.playlist}
          .playing=${state.playing?.track}
          .crossfade=${state.mixer.crossfade}
          .isLive=${isOnAir}
        ></sky-playlist>
      </div>
      <div class="side">
        <sky-voice
          .studio=${studio}
          .input=${state.input}
          .mixer=${state.mixer}
          .monitor=${state.monitorVoice}
        ></sky-voice>
        <sky-audience
          .listeners=${state.listeners}
          .points=${state.audience}
          .isLive=${isOnAir}
        ></sky-audience>
        <sky-upload .health=${state.health} .stats=${state.upload}></sky-upload>
      </div>
    </div>`;
  }

  async #open(): Promise<void> {
    const memory = await TabMemory.open();
    this.#memory = memory;
    const { saved } = memory;
    const studio = new Studio(location.origin, new FileStore(memory.key), saved, {
      onState: (state) => {
        this.state = state;
      },
      onReport: (report) => {
        this.renderRoot.querySelector("sky-air")?.report(report);
        this.renderRoot.querySelector("sky-voice")?.report(report);
      },
      onSave: this.#save,
    });
    this.#studio = studio;
    this.state = studio.state;
    await studio.open();
    if (saved?.live) await this.#takeUp(studio, saved);
    this.#isOpen = true;
    this.#save();
  }

  async #takeUp(studio: Studio, saved: SavedStudio): Promise<void> {
    const [navigation] = performance.getEntriesByType("navigation");
    const isReload = (navigation as PerformanceNavigationTiming | undefined)?.type === "reload";
    if (resumption(saved, Date.now(), isReload) === "at-once") await studio.resume(saved);
    else studio.offerUnfinished(saved.station);
  }

  readonly #save = (): void => {
    const key = this.#memory?.key;
    if (key === undefined || !this.#studio || !this.#isOpen) return;
    const now = this.#studio.state;
    const live = savedLive(now, this.#studio.place);
    const saved: SavedStudio = {
      key,
      ...now.credentials,
      playlist: now.playlist,
      crossfade: now.mixer.crossfade,
      kbps: now.kbps,
      station: now.station,
      show: now.show,
      ...(now.input.state === "on" ? { input: now.input.deviceId } : {}),
      ...(live ? { live } : {}),
    };
    this.#memory?.save(saved);
  };

  /** Any press will do, not just that of the large button. */
  readonly #continue = (): void => {
    if (this.state.live === "held") void this.#studio?.continue();
  };

  readonly #leaving = (event: BeforeUnloadEvent): void => {
    if (this.state.live === "on" || this.state.live === "held") event.preventDefault();
  };

  readonly #dragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files") || !this.state.credentials) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.isDropping = true;
  };

  readonly #dragLeave = (event: DragEvent): void => {
    if (event.relatedTarget === null) this.isDropping = false;
  };

  readonly #drop = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.isDropping = false;
    if (this.state.credentials) this.#studio?.addFiles([...event.dataTransfer.files]);
  };
}

function savedLive(state: StudioState, { track, position }: Place): SavedLive | undefined {
  const { live, startedAt, mixer } = state;
  if (live === "off" || live === "stopping" || startedAt === undefined) return undefined;
  return {
    startedAt,
    savedAt: Date.now(),
    ...(track === undefined ? {} : { track }),
    position,
    isPaused: mixer.paused,
  };
}

customElements.define("sky-studio", SkyStudio);

declare global {
  interface HTMLElementTagNameMap {
    "sky-studio": SkyStudio;
    "sky-air": import("./sky-air.js").SkyAir;
    "sky-voice": import("./sky-voice.js").SkyVoice;
  }
}
