import { css } from "lit";

/** Below this width rows are cards; the same number as in the styles. */
export const CARDS_BELOW = "(max-width: 900px)";
/** px of a row of the table, and of a card, borders included. */
export const ROW_HEIGHT = { table: 64, cards: 164 } as const;

/** The table of streams: rows on a wide page, cards on a narrow one. */
export const tableLook = css`
  .box {
    overflow: auto;
    /* Rows come and go above what is in sight, and the spaces make up for them. */
    overflow-anchor: none;
    max-height: min(72vh, 860px);
    margin: 14px -20px -20px;
    border-top: 1px solid var(--sky-line);
    border-radius: 0 0 var(--sky-radius) var(--sky-radius);
  }

  table {
    width: 100%;
    border-collapse: separate;
    border-spacing: 0;
    table-layout: fixed;
  }

  th {
    position: sticky;
    z-index: 2;
    top: 0;
    padding: 0 4px;
    border-bottom: 1px solid var(--sky-line);
    background: var(--sky-surface);
    text-align: left;
  }

  th:first-child {
    width: 20%;
    padding-left: 12px;
  }

  th.title {
    width: 18%;
  }

  th.owner {
    width: 10%;
  }

  th.kbps {
    width: 10%;
  }

  th.since {
    width: 10%;
  }

  th.listeners {
    width: 14%;
  }

  th button {
    justify-content: flex-start;
    width: 100%;
    min-height: 40px;
    padding: 0 8px;
    border-radius: 8px;
    font-size: 0.8125rem;
    white-space: nowrap;
  }

  th .way {
    width: 1em;
    color: var(--sky-accent);
  }

  tbody tr.stream {
    position: relative;
    height: 64px;
  }

  tbody tr.stream:hover {
    background: var(--sky-raised);
  }

  td {
    overflow: hidden;
    height: 64px;
    padding: 0 12px;
    border-bottom: 1px solid var(--sky-line);
    font-size: 0.9375rem;
    line-height: 1.35;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  td:first-child {
    padding-left: 20px;
  }

  .space td {
    height: auto;
    padding: 0;
    border: 0;
  }

  td > * {
    overflow: hidden;
    text-overflow: ellipsis;
  }

  td.station a {
    color: inherit;
    font-weight: 700;
    text-decoration: none;
  }

  /* The whole row leads to the stream. */
  td.station a::after {
    position: absolute;
    inset: 0;
    content: "";
  }

  td.station a:focus-visible {
    outline: none;
  }

  td.station a:focus-visible::after {
    outline: 3px solid var(--sky-accent);
    outline-offset: -3px;
  }

  td small {
    display: block;
    color: var(--sky-muted);
    font-size: 0.8125rem;
  }

  td.listeners .both {
    display: grid;
    grid-template-columns: minmax(2.6em, auto) minmax(0, 1fr);
    gap: 10px;
    align-items: center;
    overflow: visible;
  }

  .unit {
    display: none;
  }

  td .spark {
    width: 100%;
    height: 28px;
    overflow: visible;
  }

  td.health small {
    display: -webkit-box;
    line-height: 1.25;
    white-space: normal;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }

  td.health .label {
    display: flex;
    gap: 8px;
    align-items: center;
    font-weight: 600;
  }

  td.health .label::before {
    flex: none;
    width: 9px;
    height: 9px;
    border-radius: 50%;
    background: currentcolor;
    content: "";
  }

  td.health .label.fair::before {
    border-radius: 2px;
    transform: rotate(45deg);
  }

  td.health .label.bad::before {
    border-radius: 2px;
  }

  .sorting {
    display: none;
  }

  @media (max-width: 900px) {
    .box {
      max-height: 78vh;
    }

    table,
    tbody {
      display: block;
    }

    thead {
      position: absolute;
      overflow: hidden;
      width: 1px;
      height: 1px;
      clip-path: inset(50%);
    }

    tbody tr.stream {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      grid-template-rows: 46px 24px 58px;
      gap: 2px 14px;
      height: 164px;
      padding: 14px 20px 0;
      border-bottom: 1px solid var(--sky-line);
    }

    tr.space,
    tr.space td {
      display: block;
    }

    td,
    td:first-child {
      height: auto;
      padding: 0;
      border: 0;
    }

    td.station {
      grid-area: 1 / 1;
    }

    td.listeners {
      grid-area: 1 / 2;
    }

    .unit {
      display: block;
    }

    td.title {
      grid-area: 2 / 1 / auto / span 2;
      color: var(--sky-muted);
      font-size: 0.875rem;
    }

    td.health {
      grid-area: 3 / 1 / auto / span 2;
      padding-right: 96px;
    }

    td.owner {
      display: none;
    }

    td.kbps,
    td.since {
      position: absolute;
      right: 20px;
      bottom: 38px;
      font-size: 0.8125rem;
    }

    td.since {
      bottom: 16px;
      color: var(--sky-muted);
    }

    .sorting {
      display: flex;
      gap: 8px;
      align-items: center;
    }

    .sorting select {
      flex: 1;
    }
  }
`;
