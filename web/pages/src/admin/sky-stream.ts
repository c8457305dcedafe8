import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { formatClock, formatCount } from "../ui/format.js";
import { base, buttons, cards } from "../ui/styles.js";
import { showOf, titleOf } from "./core/listing.js";
import type { Row } from "./core/streams.js";
import { formatUptime } from "./core/words.js";
import { look } from "./look.js";
import type { Monitor } from "./monitor.js";
import "./sky-confirm.js";
import { listenersSpark } from "./spark.js";

const SPARK = { width: 240, height: 56 };

/** `<sky-stream>`: one stream, closely. Event `sky-said` with what was done, in words. */
export class SkyStream extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    look,
    css`
      :host {
        display: grid;
        gap: 14px;
      }

      .title {
        overflow-wrap: anywhere;
      }

      .health {
        padding: 10px 14px;
        border-left: 4px solid currentcolor;
        border-radius: 4px;
        background: var(--sky-bg);
      }

      .health span {
        color: var(--sky-text);
      }

      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(120px, 1fr));
        gap: 12px;
      }

      dt {
        color: var(--sky-muted);
        font-size: 0.8125rem;
      }

      dd {
        overflow-wrap: anywhere;
        font-weight: 600;
      }

      .spark {
        width: 100%;
        height: 56px;
      }

      .scale {
        display: flex;
        justify-content: space-between;
        margin-top: 4px;
      }

      sky-confirm[asking] {
        flex: 1 0 100%;
      }
    `,
  ];

  static override properties = {
    monitor: { attribute: false },
    channelId: { attribute: false },
    row: { attribute: false },
    isOnline: { attribute: false },
    now: { attribute: false },
  };

  declare monitor: Monitor | undefined;
  declare channelId: string;
  /** `undefined`: it is not on the air. */
  declare row: Row | undefined;
  /** Whether something can be asked of the relay just now. */
  declare isOnline: boolean;
  /** ms of the relay's Unix time. */
  declare now: number;

  constructor() {
    super();
    this.monitor = undefined;
    this.channelId = "";
    this.row = undefined;
    this.isOnline = false;
    this.now = 0;
  }

  protected override render(): TemplateResult {
    const { row } = this;
    if (!row) {
      return html`<p>This station is off the air. Its figures appear here if it comes back.</p>`;
    }
    const { status, health } = row;
    const show = showOf(row);
    return html`${show === "" ? nothing : html`<p class="muted">${show}</p>`}
      <p class="title">
        ${titleOf(row) === "" ? html`<span class="muted">No title</span>` : titleOf(row)}
      </p>
      <p class=${`health ${health.level}`}>
        <strong>${health.label}.</strong> <span>${health.why}</span>
      </p>
      <dl class="numbers">
        ${fact("Owner", status.subject)} ${fact("Bitrate", `${formatCount(status.kbps)} kbit/s`)}
        ${fact("On the air for", formatUptime(this.now - status.startedAt))}
        ${fact("Since", formatClock(status.startedAt))}
        ${fact("Last frame", `${formatCount(status.lagMs)} ms ago`)}
        ${fact("Frames skipped", formatCount(status.skippedFrames))}
        ${fact("Publisher's session", status.session === undefined ? "lost" : String(status.session))}
        ${fact("Listeners", formatCount(status.listeners))}
      </dl>
      <div>
        ${listenersSpark(row.listeners, status.listeners, SPARK)}
        <p class="scale hint"><span>Listeners, ten minutes ago</span><span>now</span></p>
      </div>
      <div class="row">
        <a class="button" href=${`/?channel=${encodeURIComponent(status.channelId)}`}>Listen</a>
        <sky-confirm
          label="Stop the stream…"
          question=${`Take ${status.channelId} off the air? ${status.subject} is told, and has to go live anew.`}
          yes="Stop the stream"
          ?disabled=${!this.isOnline}
          .act=${(message: string | undefined) => this.#stop(status.channelId, message)}
        ></sky-confirm>
      </div>`;
  }

  async #stop(channelId: string, message: string | undefined): Promise<void> {
    await this.monitor?.endStream(channelId, message);
    const said = `${channelId} was taken off the air.`;
    this.dispatchEvent(new CustomEvent("sky-said", { detail: said, bubbles: true, composed: true }));
  }
}

function fact(name: string, value: string): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

customElements.define("sky-stream", SkyStream);
