import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { formatCount } from "../ui/format.js";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import {
  filtered,
  firstSort,
  held,
  nextSort,
  showOf,
  sorted,
  titleOf,
  type Filter,
  type Sort,
  type SortKey,
} from "./core/listing.js";
import { rowWindow, type RowWindow } from "./core/row-window.js";
import type { Row } from "./core/streams.js";
import { formatUptime } from "./core/words.js";
import { look } from "./look.js";
import { streamHref } from "./route.js";
import { listenersSpark } from "./spark.js";
import { CARDS_BELOW, ROW_HEIGHT, tableLook } from "./table-look.js";

const COLUMNS: readonly { readonly key: SortKey; readonly words: string }[] = [
  { key: "station", words: "Station" },
  { key: "title", words: "Now playing" },
  { key: "owner", words: "Owner" },
  { key: "kbps", words: "Bitrate" },
  { key: "since", words: "On air for" },
  { key: "listeners", words: "Listeners" },
  { key: "health", words: "Health" },
];

/** Stands for the rows that are not rendered; how high it is, is set by script. */
const SPACE = html`<tr class="space" role="presentation" aria-hidden="true">
  <td role="presentation" colspan=${COLUMNS.length}></td>
</tr>`;

const SPARK = { width: 120, height: 28 };

/** `<sky-streams>`: all that is on the air, in a table that renders what is in sight alone. */
export class SkyStreams extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    look,
    tableLook,
    css`
      :host {
        display: block;
        min-width: 0;
      }

      input[type="search"] {
        width: 300px;
        max-width: 100%;
      }

      .check {
        display: inline-flex;
        align-items: center;
        gap: 10px;
        min-height: 44px;
        font-weight: 500;
      }

      /* What it says changes: nothing around it may move. */
      #told {
        flex: 1;
        overflow: hidden;
        min-width: 0;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .tools {
        flex-wrap: nowrap;
      }

      .none {
        padding: 34px 20px 20px;
        text-align: center;
      }

      @media (max-width: 900px) {
        .tools {
          flex-wrap: wrap;
        }

        .tools,
        input[type="search"],
        .sorting {
          width: 100%;
        }
      }
    `,
  ];

  static override properties = {
    rows: { attribute: false },
    now: { attribute: false },
    sort: { state: true },
    filter: { state: true },
    isHeld: { state: true },
    scrolled: { state: true },
    isCards: { state: true },
  };

  /** All that is on the air; `undefined` while that is not known. */
  declare rows: readonly Row[] | undefined;
  /** ms of the relay's Unix time. */
  declare now: number;
  private declare sort: Sort;
  private declare filter: Filter;
  /** A pointer or the focus is among the rows: nothing may move. */
  private declare isHeld: boolean;
  private declare scrolled: { readonly above: number; readonly height: number };
  private declare isCards: boolean;
  /** The rows as they are shown, and the stream ids of the order before. */
  #shown: readonly Row[] = [];
  #order: readonly number[] = [];
  #pointed = false;
  #focused = false;
  readonly #narrow = matchMedia(CARDS_BELOW);
  readonly #size = new ResizeObserver(() => {
    this.#measure();
  });

  constructor() {
    super();
    this.rows = undefined;
    this.now = 0;
    this.sort = firstSort("listeners");
    this.filter = { text: "", isTroubled: false };
    this.isHeld = false;
    this.scrolled = { above: 0, height: 0 };
    this.isCards = this.#narrow.matches;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#narrow.addEventListener("change", this.#turned);
    this.#size.observe(this);
  }

  override disconnectedCallback(): void {
    this.#narrow.removeEventListener("change", this.#turned);
    this.#size.disconnect();
    super.disconnectedCallback();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const isAsked = changed.has("sort") || changed.has("filter");
    if (!isAsked && !changed.has("rows") && !changed.has("isHeld")) return;
    const rows = filtered(this.rows ?? [], this.filter);
    this.#shown = this.isHeld && !isAsked ? held(rows, this.#order) : sorted(rows, this.sort);
    this.#order = this.#shown.map(({ status }) => status.streamId);
  }

  protected override updated(changed: PropertyValues): void {
    const isAsked = changed.has("sort") || changed.has("filter");
    if (isAsked) this.renderRoot.querySelector(".box")?.scrollTo(0, 0);
    const { first, end } = this.#window();
    const spaces = this.renderRoot.querySelectorAll<HTMLElement>(".space td");
    // Above and below. The content security policy allows no style in HTML.
    [first, this.#shown.length - end].forEach((rows, index) => {
      spaces[index]?.style.setProperty("height", `${rows * this.#rowHeight}px`);
    });
    if (changed.has("rows") && this.scrolled.height === 0) this.#measure();
  }

  protected override render(): TemplateResult {
    const all = this.rows?.length ?? 0;
    return html`<section class="card" aria-labelledby="heading">
      <div class="row apart">
        <h2 id="heading">Stations</h2>
        <p class="hint" id="told">${this.#told(all)}</p>
        <div class="row tools">
        <label class="check">
          <input
            type="checkbox"
            id="troubled"
            .checked=${this.filter.isTroubled}
            @change=${(event: Event) => {
              const isTroubled = (event.target as HTMLInputElement).checked;
              this.filter = { ...this.filter, isTroubled };
            }}
          />
          Only what is in trouble
        </label>
        <input
          type="search"
          id="filter"
          placeholder="Find a station, owner, title…"
          aria-label="Find a station, an owner or a title"
          .value=${this.filter.text}
          @input=${(event: Event) => {
            this.filter = { ...this.filter, text: (event.target as HTMLInputElement).value };
          }}
        />
        ${this.#sorting()}
        </div>
      </div>
      ${
        this.#shown.length === 0
          ? html`<p class="none muted">${this.#none(all)}</p>`
          : this.#table()
      }
    </section>`;
  }

  /** On a narrow page, where there are no headings to press. */
  #sorting(): TemplateResult {
    const { key, isDescending } = this.sort;
    return html`<div class="sorting">
      <label for="sort">Order</label>
      <select
        id="sort"
        @change=${(event: Event) => {
          const chosen = (event.target as HTMLSelectElement).value;
          const column = COLUMNS.find((one) => one.key === chosen);
          if (column) this.sort = firstSort(column.key);
        }}
      >
        ${COLUMNS.map(
          (column) =>
            html`<option value=${column.key} ?selected=${column.key === key}>
              ${column.words}
            </option>`,
        )}
      </select>
      <button
        type="button"
        class="icon"
        aria-label=${isDescending ? "Highest first; turn round" : "Lowest first; turn round"}
        @click=${() => {
          this.sort = nextSort(this.sort, key);
        }}
      >
        ${isDescending ? "↓" : "↑"}
      </button>
    </div>`;
  }

  #told(all: number): string {
    if (this.#shown.length === 0) return "";
    const count =
      this.#shown.length === all
        ? `${formatCount(all)} on the air`
        : `${formatCount(this.#shown.length)} of ${formatCount(all)}`;
    return this.isHeld ? `${count}; the order stays while you are in the table` : count;
  }

  #none(all: number): string {
    if (!this.rows) return "Asking the relay…";
    if (all === 0) return "Nobody is on the air. Who goes live appears here by itself.";
    return this.filter.text.trim() === ""
      ? "Nothing is in trouble."
      : `No station fits “${this.filter.text.trim()}”.`;
  }

  #table(): TemplateResult {
    const { first, end } = this.#window();
    const rows = this.#shown.slice(first, end);
    return html`<div
      class="box"
      role="region"
      aria-label="Table of stations"
      tabindex="0"
      @scroll=${this.#measure}
    >
      <table
        role="table"
        aria-labelledby="heading"
        aria-rowcount=${this.#shown.length + 1}
      >
        <thead role="rowgroup">
          <tr role="row" aria-rowindex="1">
            ${COLUMNS.map((column) => this.#heading(column.key, column.words))}
          </tr>
        </thead>
        <tbody
          role="rowgroup"
          @pointerenter=${this.#pointer}
          @pointerleave=${this.#pointer}
          @focusin=${this.#focus}
          @focusout=${this.#focus}
        >
          ${SPACE}
          ${repeat(
            rows,
            ({ status }) => status.streamId,
            (row, index) => this.#row(row, first + index),
          )}
          ${SPACE}
        </tbody>
      </table>
    </div>`;
  }

  #heading(key: SortKey, words: string): TemplateResult {
    const isSorted = this.sort.key === key;
    const { isDescending } = this.sort;
    return html`<th
      role="columnheader"
      scope="col"
      class=${key}
      aria-sort=${isSorted ? (isDescending ? "descending" : "ascending") : nothing}
    >
      <button
        type="button"
        class="quiet"
        @click=${() => {
          this.sort = nextSort(this.sort, key);
        }}
      >
        ${words}
        <span class="way" aria-hidden="true">${isSorted ? (isDescending ? "↓" : "↑") : ""}</span>
      </button>
    </th>`;
  }

  #row(row: Row, index: number): TemplateResult {
    const { status, health, listeners } = row;
    const show = showOf(row);
    return html`<tr class="stream" role="row" aria-rowindex=${index + 2}>
      <td role="cell" class="station">
        <a href=${streamHref(status.channelId)}>${status.channelId}</a>
        ${show === "" ? nothing : html`<small title=${show}>${show}</small>`}
      </td>
      <td role="cell" class="title" title=${titleOf(row)}>
        ${titleOf(row) || html`<span class="muted">No title</span>`}
      </td>
      <td role="cell" class="owner" title=${status.subject}>${status.subject}</td>
      <td role="cell" class="kbps numbers">${formatCount(status.kbps)} kbit/s</td>
      <td role="cell" class="since numbers">${formatUptime(this.now - status.startedAt)}</td>
      <td role="cell" class="listeners numbers">
        <div class="both">
          <span>${formatCount(status.listeners)}<small class="unit">listening</small></span>
          ${listenersSpark(listeners, status.listeners, SPARK)}
        </div>
      </td>
      <td role="cell" class="health" title=${health.why}>
        <span class=${`label ${health.level}`}>${health.label}</span>
        <small>${health.why}</small>
      </td>
    </tr>`;
  }

  get #rowHeight(): number {
    return this.isCards ? ROW_HEIGHT.cards : ROW_HEIGHT.table;
  }

  #window(): RowWindow {
    const { above, height } = this.scrolled;
    return rowWindow(this.#shown.length, above, height, this.#rowHeight);
  }

  readonly #measure = (): void => {
    const box = this.renderRoot.querySelector(".box");
    if (!box) return;
    const height = box.clientHeight || window.innerHeight;
    if (box.scrollTop === this.scrolled.above && height === this.scrolled.height) return;
    this.scrolled = { above: box.scrollTop, height };
  };

  readonly #turned = (): void => {
    this.isCards = this.#narrow.matches;
  };

  readonly #pointer = (event: PointerEvent): void => {
    // A finger does not stay over what it has touched.
    this.#pointed = event.type === "pointerenter" && event.pointerType === "mouse";
    this.isHeld = this.#pointed || this.#focused;
  };

  readonly #focus = (event: FocusEvent): void => {
    this.#focused = event.type === "focusin";
    this.isHeld = this.#pointed || this.#focused;
  };
}

customElements.define("sky-streams", SkyStreams);
