import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { formatBytes, formatCount } from "../ui/format.js";
import { base } from "../ui/styles.js";
import type { History } from "./core/history.js";
import { formatMbits, formatUptime } from "./core/words.js";
import { look } from "./look.js";
import type { MonitorState } from "./monitor.js";
import { sessionsHref } from "./route.js";
import { listenersSpark } from "./spark.js";

const SPARK = { width: 120, height: 30 };

/** `<sky-totals>`: how the relay does as a whole. */
export class SkyTotals extends LitElement {
  static override styles = [
    base,
    look,
    css`
      :host {
        display: block;
      }

      dl {
        display: grid;
        grid-template-columns: repeat(5, minmax(0, 1fr));
        overflow: hidden;
        border: 1px solid var(--sky-line);
        border-radius: var(--sky-radius);
        background: var(--sky-line);
        box-shadow: var(--sky-shadow);
        gap: 1px;
      }

      dl > div {
        display: grid;
        grid-template-rows: auto auto 1fr;
        padding: 14px 18px;
        background: var(--sky-surface);
      }

      dt {
        color: var(--sky-muted);
        font-size: 0.875rem;
        font-weight: 600;
      }

      dd.number {
        font-size: 1.75rem;
        font-weight: 700;
        letter-spacing: -0.03em;
        line-height: 1.25;
        font-variant-numeric: tabular-nums;
      }

      dd.number small {
        font-size: 1rem;
        letter-spacing: 0;
      }

      dd.more {
        align-self: end;
        min-height: 1.4em;
        font-size: 0.875rem;
        color: var(--sky-muted);
      }

      .spark {
        width: 100%;
        height: 24px;
      }

      dd a {
        display: inline-block;
        padding: 2px 0;
      }

      @media (max-width: 900px) {
        dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }

        dl > div {
          padding: 12px 16px;
        }

        dl > div:last-child {
          grid-column: span 2;
        }

        dd.number {
          font-size: 1.5rem;
        }

        dd.number small {
          font-size: 0.8125rem;
        }
      }
    `,
  ];

  static override properties = { state: { attribute: false }, listeners: { attribute: false } };

  declare state: MonitorState;
  declare listeners: History | undefined;

  constructor() {
    super();
    this.state = { phase: "connecting" };
    this.listeners = undefined;
  }

  protected override render(): TemplateResult {
    const { relay, rows, mbits } = this.state;
    const troubled = (rows ?? []).filter(({ health }) => health.level !== "good").length;
    const count = (value: number | undefined): string =>
      value === undefined ? "–" : formatCount(value);
    return html`<dl>
      <div>
        <dt>On the air</dt>
        <dd class="number" id="streams">${count(relay?.streams)}</dd>
        <dd class="more">
          ${
            !rows || rows.length === 0
              ? nothing
              : troubled === 0
                ? html`<span class="good">All do well</span>`
                : html`<span class="bad">${formatCount(troubled)} in trouble</span>`
          }
        </dd>
      </div>
      <div>
        <dt>Listeners</dt>
        <dd class="number" id="listeners">${count(relay?.listeners)}</dd>
        <dd class="more">
          ${
            relay && this.listeners
              ? listenersSpark(this.listeners, relay.listeners, SPARK)
              : nothing
          }
        </dd>
      </div>
      <div>
        <dt>Sessions</dt>
        <dd class="number" id="sessions">${count(relay?.sessions)}</dd>
        <dd class="more">${relay ? html`<a href=${sessionsHref}>Show them</a>` : nothing}</dd>
      </div>
      <div>
        <dt>Audio out</dt>
        <dd class="number" id="out">
          ${mbits === undefined ? "–" : html`${formatMbits(mbits)} <small>Mbit/s</small>`}
        </dd>
        <dd class="more">${relay ? html`${formatBytes(relay.bytesOut)} in all` : nothing}</dd>
      </div>
      <div>
        <dt>Up for</dt>
        <dd class="number" id="uptime">
          ${relay ? formatUptime(relay.now - relay.startedAt) : "–"}
        </dd>
        <dd class="more">${relay?.server ?? nothing}</dd>
      </div>
    </dl>`;
  }
}

customElements.define("sky-totals", SkyTotals);
