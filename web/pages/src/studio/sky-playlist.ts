import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { formatDuration, plural } from "../ui/format.js";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import { titleOf, type Playlist, type Track } from "./core/playlist.js";
import { panel } from "./look.js";
import type { Studio } from "./studio.js";

/** `<sky-playlist>`: the files to play, in their order. */
export class SkyPlaylist extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    panel,
    css`
      .empty {
        display: grid;
        justify-items: center;
        gap: 12px;
        padding: 32px 16px;
        border: 2px dashed var(--sky-line-strong);
        border-radius: var(--sky-radius);
        text-align: center;
      }

      ol {
        max-height: 460px;
        margin: 14px -8px 0;
        overflow-y: auto;
      }

      li {
        display: grid;
        grid-template-columns: auto 1fr auto auto;
        align-items: center;
        gap: 4px;
        padding: 2px 4px;
        border-radius: 12px;
      }

      li.current {
        background: var(--sky-raised);
      }

      li.moving {
        outline: 2px solid var(--sky-accent);
      }

      .handle {
        touch-action: none;
        cursor: grab;
      }

      button.icon {
        min-height: 44px;
      }

      .name {
        display: block;
        min-width: 0;
        min-height: 48px;
        padding: 4px 10px;
        border-color: transparent;
        border-radius: 10px;
        background: transparent;
        text-align: left;
        font-weight: 400;
      }

      .name:disabled {
        opacity: 1;
      }

      .name span:not(.unseen) {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .name .track {
        font-weight: 600;
      }

      .name .track.fault {
        text-decoration: line-through;
      }

      .name .more {
        color: var(--sky-muted);
        font-size: 0.875rem;
      }

      .name .more.fault {
        color: var(--sky-bad);
        white-space: normal;
      }

      .length {
        color: var(--sky-muted);
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }

      .settings {
        margin-top: 14px;
      }

      .settings .slider {
        flex: 1 1 220px;
      }
    `,
  ];

  static override properties = {
    studio: { attribute: false },
    playlist: { attribute: false },
    playing: { attribute: false },
    crossfade: { type: Number },
    isLive: { attribute: false },
    moving: { state: true },
    told: { state: true },
  };

  declare studio: Studio;
  declare playlist: Playlist;
  /** Id of the track that plays. */
  declare playing: string | undefined;
  declare crossfade: number;
  declare isLive: boolean;
  private declare moving: string | undefined;
  private declare told: string;

  constructor() {
    super();
    this.moving = undefined;
    this.told = "";
  }

  protected override render(): TemplateResult {
    const { tracks } = this.playlist;
    return html`<section class="card" aria-labelledby="heading">
      <div class="row apart">
        <h2 id="heading">Music</h2>
        ${tracks.length > 0 ? this.#addButton("Add files") : nothing}
      </div>
      <input
        id="files"
        type="file"
        accept="audio/*,.mp3"
        multiple
        hidden
        aria-label="Files to add"
        @change=${this.#chosen}
      />
      ${tracks.length === 0 ? this.#empty() : this.#list(tracks)}
      <p class="unseen" role="status">${this.told}</p>
    </section>`;
  }

  #addButton(words: string): TemplateResult {
    return html`<button
      id="add-files"
      type="button"
      @click=${() => this.renderRoot.querySelector<HTMLInputElement>("#files")?.click()}
    >
      ${words}
    </button>`;
  }

  #empty(): TemplateResult {
    return html`<div class="empty">
      <p><strong>Drop MP3 files here</strong></p>
      <p class="muted">
        They play in order while you are live, and their tags tell listeners what is on. Without
        any, you go live with the microphone alone.
      </p>
      ${this.#addButton("Choose files")}
    </div>`;
  }

  #list(tracks: readonly Track[]): TemplateResult {
    const seconds = tracks.reduce((sum, { duration = 0 }) => sum + duration, 0);
    return html`<p class="hint">
        ${plural(tracks.length, "file")}, ${formatDuration(seconds * 1000)}. Move them by their
        handles, or with the arrow keys.
      </p>
      <ol id="playlist">
        ${repeat(
          tracks,
          ({ id }) => id,
          (track, index) => this.#row(track, index),
        )}
      </ol>
      <div class="row settings">
        <label class="check">
          <input
            id="repeat"
            type="checkbox"
            .checked=${this.playlist.repeat}
            @change=${(event: Event) => {
              this.studio.setRepeat((event.target as HTMLInputElement).checked);
            }}
          />
          Begin again at the end
        </label>
        <div class="slider">
          <label for="crossfade">Crossfade</label>
          <output for="crossfade"
            >${this.crossfade === 0 ? "off, gapless" : `${this.crossfade} s`}</output
          >
          <input
            id="crossfade"
            type="range"
            min="0"
            max="12"
            step="1"
            .value=${String(this.crossfade)}
            aria-valuetext=${this.crossfade === 0
              ? "off, tracks join without a gap"
              : plural(this.crossfade, "second")}
            @input=${(event: Event) => {
              this.studio.mix({ crossfade: Number((event.target as HTMLInputElement).value) });
            }}
          />
        </div>
      </div>`;
  }

  #row(track: Track, index: number): TemplateResult {
    const { id, fault, duration } = track;
    const { trackName, artistName } = titleOf(track);
    const isPlaying = id === this.playing;
    const isFirst = !this.isLive && id === this.playlist.current;
    const place = isPlaying ? "Playing" : isFirst ? "Plays first" : undefined;
    const more = fault ?? [place, artistName].filter((words) => words !== undefined).join(" · ");
    return html`<li
      class=${[isPlaying || isFirst ? "current" : "", id === this.moving ? "moving" : ""].join(" ")}
      data-id=${id}
    >
      <button
        class="quiet icon handle"
        type="button"
        aria-label=${`Move ${trackName}: arrow up or down`}
        @keydown=${(event: KeyboardEvent) => {
          this.#moveByKey(event, track, index);
        }}
        @pointerdown=${(event: PointerEvent) => {
          this.#grab(event, id);
        }}
        @pointermove=${this.#drag}
        @pointerup=${this.#release}
        @pointercancel=${this.#release}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 8h14M5 12h14M5 16h14" /></svg>
      </button>
      <button
        class="name"
        type="button"
        aria-current=${isPlaying ? "true" : nothing}
        ?disabled=${fault !== undefined}
        @click=${() => {
          this.studio.chooseTrack(id);
        }}
      >
        <span class="unseen">${this.isLive ? "Play now:" : "Begin with:"}</span>
        <span class=${fault === undefined ? "track" : "track fault"}>${trackName}</span>
        ${more === ""
          ? nothing
          : html`<span class=${fault === undefined ? "more" : "more fault"}>${more}</span>`}
      </button>
      <span class="length">${duration === undefined ? "" : formatDuration(duration * 1000)}</span>
      <button
        class="quiet icon"
        type="button"
        aria-label=${`Remove ${trackName}`}
        @click=${() => {
          this.studio.removeTrack(id);
          this.told = `${trackName} was removed`;
        }}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 6l12 12M18 6L6 18" /></svg>
      </button>
    </li>`;
  }

  readonly #chosen = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    this.studio.addFiles([...(input.files ?? [])]);
    input.value = "";
  };

  #moveByKey(event: KeyboardEvent, track: Track, index: number): void {
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    const place = index + step;
    if (step === 0 || place < 0 || place >= this.playlist.tracks.length) return;
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    this.studio.moveTrack(track.id, place);
    const { trackName } = titleOf(track);
    this.told = `${trackName} is number ${place + 1} of ${this.playlist.tracks.length}`;
    // Moving the row in the document takes the focus from it.
    void this.updateComplete.then(() => {
      handle.focus();
    });
  }

  #grab(event: PointerEvent, id: string): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.moving = id;
    // On the list: the row under the handle is moved in the document meanwhile.
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  }

  readonly #drag = (event: PointerEvent): void => {
    const id = this.moving;
    if (id === undefined) return;
    const rows = [...this.renderRoot.querySelectorAll<HTMLElement>("li")];
    const place = rows.findIndex((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return event.clientY >= top && event.clientY < bottom;
    });
    const from = rows.findIndex((row) => row.dataset["id"] === id);
    if (place >= 0 && from >= 0 && place !== from) this.studio.moveTrack(id, place);
  };

  readonly #release = (): void => {
    this.moving = undefined;
  };
}

customElements.define("sky-playlist", SkyPlaylist);
