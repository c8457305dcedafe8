import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { plural } from "../ui/format.js";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import { MAX_EVENTS, type Entry, type EventLog, type KindFilter } from "./core/event-log.js";
import { kindTone, kindWords, knownKinds } from "./core/words.js";
import { look } from "./look.js";
import { streamHref } from "./route.js";

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** `<sky-events>`: what happens at the relay, as it happens. */
export class SkyEvents extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    look,
    css`
      :host {
        display: block;
        min-width: 0;
      }

      select {
        width: auto;
      }

      .box {
        overflow: auto;
        max-height: 420px;
        margin: 14px -20px -20px;
        padding: 0 20px;
        border-top: 1px solid var(--sky-line);
        border-radius: 0 0 var(--sky-radius) var(--sky-radius);
      }

      li {
        display: grid;
        grid-template-columns: 5.2em 9.5em minmax(0, 1fr);
        gap: 2px 12px;
        padding: 9px 0;
        border-bottom: 1px solid var(--sky-line);
        font-size: 0.9375rem;
        content-visibility: auto;
        contain-intrinsic-size: auto 42px;
      }

      li:last-child {
        border-bottom: 0;
      }

      time {
        color: var(--sky-muted);
      }

      .kind {
        font-weight: 600;
      }

      .what {
        overflow-wrap: anywhere;
      }

      .none {
        padding: 26px 0;
        text-align: center;
      }

      @media (max-width: 600px) {
        select {
          flex: 1;
        }

        li {
          grid-template-columns: 5.2em minmax(0, 1fr);
          contain-intrinsic-size: auto 66px;
        }

        .what {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  static override properties = {
    log: { attribute: false },
    count: { attribute: false },
    filter: { state: true },
  };

  declare log: EventLog | undefined;
  /** Events so far: when it rises there is something new in the log. */
  declare count: number;
  private declare filter: KindFilter;

  constructor() {
    super();
    this.log = undefined;
    this.count = 0;
    this.filter = "all";
  }

  protected override render(): TemplateResult {
    const { log } = this;
    const entries = log?.shown(this.filter) ?? [];
    return html`<section class="card" aria-labelledby="heading">
      <div class="row apart">
        <h2 id="heading">What happens</h2>
        <div class="row">
          <select
            id="kind"
            aria-label="Which events"
            @change=${(event: Event) => {
              this.filter = (event.target as HTMLSelectElement).value;
            }}
          >
            <option value="all">All events</option>
            <option value="no-sessions">All but sessions</option>
            ${knownKinds.map((kind) => html`<option value=${kind}>${kindWords(kind)}</option>`)}
          </select>
          <button type="button" id="pause" aria-pressed=${log?.isPaused === true} @click=${this.#pause}>
            ${log?.isPaused === true ? `Go on (${log.waiting} new)` : "Pause"}
          </button>
        </div>
      </div>
      <div class="box" role="region" aria-label="Events, newest first" tabindex="0">
        ${
          entries.length === 0
            ? html`<p class="none muted">
                ${
                  this.filter === "all"
                    ? "Nothing has happened since this page was opened."
                    : "Nothing of this kind has happened since this page was opened."
                }
              </p>`
            : html`<ul>
                ${repeat(entries, ({ number }) => number, row)}
              </ul>`
        }
        ${
          entries.length < MAX_EVENTS
            ? nothing
            : html`<p class="hint none">Only the newest ${plural(MAX_EVENTS, "event")} are kept.</p>`
        }
      </div>
    </section>`;
  }

  readonly #pause = (): void => {
    this.log?.pause(!this.log.isPaused);
    this.requestUpdate();
  };
}

function row({ incident }: Entry): TemplateResult {
  const { at, kind, channelId, session, subject, message } = incident;
  const who = [subject, session === undefined ? undefined : `session ${session}`]
    .filter(Boolean)
    .join(", ");
  return html`<li>
    <time class="numbers" datetime=${new Date(at).toISOString()}>${clock.format(at)}</time>
    <span class=${`kind ${kindTone(kind)}`}>${kindWords(kind)}</span>
    <span class="what">
      ${channelId === undefined ? message : aboutChannel(channelId, message)}
      ${who === "" ? nothing : html`<span class="hint">${who}</span>`}
    </span>
  </li>`;
}

/** The message with a link to what it is about, which it may begin with. */
function aboutChannel(channelId: string, message: string): TemplateResult {
  const link = html`<a href=${streamHref(channelId)}>${channelId}</a>`;
  const isNamed = message.startsWith(`${channelId} `);
  return isNamed ? html`${link}${message.slice(channelId.length)}` : html`${link}: ${message}`;
}

customElements.define("sky-events", SkyEvents);
