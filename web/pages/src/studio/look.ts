import { css, type CSSResultGroup } from "lit";
import { rows } from "../ui/styles.js";

/** What the studio's panels share. */
export const panel: CSSResultGroup = [
  rows,
  css`
    :host {
      display: block;
      min-width: 0;
    }

    h2 {
      margin: 0 0 14px;
      font-size: 1.125rem;
      letter-spacing: -0.01em;
    }

    .field {
      display: grid;
      gap: 6px;
    }

    .fields {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 200px), 1fr));
      gap: 14px;
      align-items: start;
    }

    .fault {
      color: var(--sky-bad);
    }

    .check {
      display: inline-flex;
      align-items: center;
      gap: 10px;
      min-height: 44px;
      font-weight: 500;
    }

    .slider {
      display: grid;
      grid-template-columns: 1fr auto;
      gap: 2px 12px;
    }

    .slider input {
      grid-column: 1 / -1;
    }

    .slider output {
      color: var(--sky-muted);
      font-variant-numeric: tabular-nums;
    }
  `,
];
