import { css } from "lit";

/** What the studio's panels share. */
export const panel = css`
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

  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px 14px;
  }

  .apart {
    justify-content: space-between;
  }

  .hint {
    color: var(--sky-muted);
    font-size: 0.875rem;
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
`;
