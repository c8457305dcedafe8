import { css } from "lit";

/** What every component begins with: sizes, focus, motion, and text for screen readers only. */
export const base = css`
  :host {
    box-sizing: border-box;
  }

  :host([hidden]) {
    display: none;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }

  ul,
  ol {
    list-style: none;
  }

  a {
    color: var(--sky-accent);
    text-underline-offset: 0.2em;
  }

  :focus-visible {
    outline: 3px solid var(--sky-accent);
    outline-offset: 2px;
  }

  .numbers {
    font-variant-numeric: tabular-nums;
  }

  .muted {
    color: var(--sky-muted);
  }

  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;

/** `button` and `a.button`; with `primary`, `danger`, `quiet` (no ground) or `icon` (square). */
export const buttons = css`
  button,
  a.button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 44px;
    padding: 0 18px;
    border: 1px solid var(--sky-line-strong);
    border-radius: 999px;
    background: var(--sky-surface);
    color: var(--sky-text);
    font: inherit;
    font-weight: 600;
    line-height: 1.2;
    text-decoration: none;
    cursor: pointer;
    transition:
      background 0.15s,
      border-color 0.15s,
      transform 0.15s;
  }

  button:hover,
  a.button:hover {
    background: var(--sky-raised);
  }

  button:active,
  a.button:active {
    transform: translateY(1px);
  }

  button.primary,
  a.button.primary {
    border-color: var(--sky-accent);
    background: var(--sky-accent);
    color: var(--sky-accent-text);
  }

  button.primary:hover,
  a.button.primary:hover {
    background: color-mix(in srgb, var(--sky-accent) 86%, var(--sky-text));
  }

  button.danger {
    border-color: var(--sky-bad);
    color: var(--sky-bad);
  }

  button.danger:hover {
    background: color-mix(in srgb, var(--sky-bad) 10%, var(--sky-surface));
  }

  button.quiet,
  a.button.quiet {
    border-color: transparent;
    background: transparent;
  }

  button.quiet:hover,
  a.button.quiet:hover {
    background: color-mix(in srgb, currentcolor 9%, transparent);
  }

  button.icon {
    width: 44px;
    padding: 0;
  }

  button:disabled {
    opacity: 0.55;
    cursor: not-allowed;
    transform: none;
  }

  button svg,
  a.button svg {
    flex: none;
    width: 20px;
    height: 20px;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
`;

/** `.card`, and `.pill` with `live`, `good`, `warn` or `bad`. */
export const cards = css`
  .card {
    padding: 20px;
    border: 1px solid var(--sky-line);
    border-radius: var(--sky-radius);
    background: var(--sky-surface);
    box-shadow: var(--sky-shadow);
  }

  .pill {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    padding: 3px 12px;
    border: 1px solid currentcolor;
    border-radius: 999px;
    color: var(--sky-muted);
    font-size: 0.875rem;
    font-weight: 600;
  }

  .pill::before {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: currentcolor;
    content: "";
  }

  .pill.live {
    color: var(--sky-live);
  }

  .pill.good {
    color: var(--sky-good);
  }

  .pill.warn {
    color: var(--sky-warn);
  }

  .pill.bad {
    color: var(--sky-bad);
  }
`;

/** Text fields, choices and sliders, with their labels. */
export const inputs = css`
  label {
    font-weight: 600;
  }

  input:not([type="range"], [type="checkbox"], [type="radio"], [type="file"]),
  select,
  textarea {
    width: 100%;
    min-height: 44px;
    padding: 8px 14px;
    border: 1px solid var(--sky-line-strong);
    border-radius: 12px;
    background: var(--sky-surface);
    color: var(--sky-text);
    font: inherit;
  }

  input::placeholder,
  textarea::placeholder {
    color: var(--sky-muted);
    opacity: 1;
  }

  input[type="checkbox"],
  input[type="radio"] {
    width: 20px;
    height: 20px;
    accent-color: var(--sky-accent);
  }

  input[type="range"] {
    --_track: 6px;
    width: 100%;
    height: 32px;
    margin: 0;
    background: transparent;
    accent-color: var(--sky-accent);
    appearance: none;
    cursor: pointer;
  }

  /* Set --fill (0% to 100%) on the slider by script: this engine has no part for it. */
  input[type="range"]::-webkit-slider-runnable-track {
    height: var(--_track);
    border-radius: 999px;
    background: linear-gradient(
      to right,
      var(--sky-accent) var(--fill, 0%),
      var(--sky-line-strong) var(--fill, 0%)
    );
  }

  input[type="range"]::-moz-range-track {
    height: var(--_track);
    border-radius: 999px;
    background: var(--sky-line-strong);
  }

  input[type="range"]::-moz-range-progress {
    height: var(--_track);
    border-radius: 999px;
    background: var(--sky-accent);
  }

  input[type="range"]::-webkit-slider-thumb {
    width: 20px;
    height: 20px;
    margin-top: calc((var(--_track) - 20px) / 2);
    border: 3px solid var(--sky-surface);
    border-radius: 50%;
    background: var(--sky-accent);
    box-shadow: 0 0 0 1px var(--sky-accent);
    appearance: none;
  }

  input[type="range"]::-moz-range-thumb {
    width: 14px;
    height: 14px;
    border: 3px solid var(--sky-surface);
    border-radius: 50%;
    background: var(--sky-accent);
    box-shadow: 0 0 0 1px var(--sky-accent);
  }

  input[type="range"]:focus-visible {
    border-radius: 8px;
  }
`;

/** Things in a row, and small words beside them. */
export const rows = css`
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
`;
