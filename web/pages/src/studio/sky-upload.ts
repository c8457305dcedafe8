import { css, html, LitElement, type TemplateResult } from "lit";
import { formatBytes } from "../ui/format.js";
import { base, cards } from "../ui/styles.js";
import type { Health } from "./core/health.js";
import { panel } from "./look.js";
import type { UploadStats } from "./messages.js";

const PILL = { good: "good", fair: "warn", poor: "bad" } as const;
const NAME = { good: "Good", fair: "Fair", poor: "Poor" } as const;

/** `<sky-upload>`: how the sound gets to the relay, in words and numbers. */
export class SkyUpload extends LitElement {
  static override styles = [
    base,
    cards,
    panel,
    css`
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 6px 16px;
        margin-top: 14px;
        font-size: 0.9375rem;
      }

      dt {
        color: var(--sky-muted);
      }

      dd {
        text-align: right;
        font-variant-numeric: tabular-nums;
      }

      h2 {
        margin: 0;
      }

      .words {
        margin-top: 10px;
      }
    `,
  ];

  static override properties = { health: { attribute: false }, stats: { attribute: false } };

  declare health: Health | undefined;
  declare stats: UploadStats | undefined;

  protected override render(): TemplateResult {
    const { health, stats } = this;
    return html`<section class="card" aria-labelledby="heading">
      <div class="row apart">
        <h2 id="heading">Upload</h2>
        ${health ? html`<span class="pill ${PILL[health.grade]}">${NAME[health.grade]}</span>` : ""}
      </div>
      <p class="words" role="status" id="health">
        ${health?.words ?? "While you are live, you see here how the sound gets to the relay."}
      </p>
      ${stats && health
        ? html`<dl>
            <dt>Round trip</dt>
            <dd>${stats.roundTripMs === undefined ? "–" : `${stats.roundTripMs.toFixed(1)} ms`}</dd>
            <dt>Waiting to be sent</dt>
            <dd>${formatBytes(stats.queuedBytes)}</dd>
            <dt>Left out</dt>
            <dd>${formatBytes(stats.droppedBytes)}</dd>
            <dt>To encode a frame</dt>
            <dd>${stats.encode.p50.toFixed(2)} ms (99%: ${stats.encode.p99.toFixed(1)})</dd>
            <dt>From sound to network</dt>
            <dd>${Math.round(stats.delay.p50)} ms</dd>
            <dt>Sent</dt>
            <dd>${formatBytes(stats.bytes)}</dd>
          </dl>`
        : ""}
    </section>`;
  }
}

customElements.define("sky-upload", SkyUpload);
