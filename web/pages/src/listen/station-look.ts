import { css } from "lit";

/** The look of `<sky-station>`: the sky, the sun in it, and the ground before it. */
export const stationLook = css`
  :host {
    --sun-size: clamp(120px, 34vw, 156px);
    --sun-rise: 86px;
    display: block;
  }

  .sky {
    min-height: clamp(400px, 58svh, 560px);
  }

  .words {
    position: relative;
    padding: clamp(0px, 2svh, 28px) 20px 40px;
    text-align: center;
  }

  .back {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    min-height: 44px;
    padding: 0 14px 0 8px;
    border-radius: 999px;
    color: inherit;
    font-size: 0.9375rem;
    font-weight: 600;
    text-decoration: none;
  }

  .back:hover {
    background: color-mix(in srgb, currentcolor 9%, transparent);
  }

  .back svg {
    width: 20px;
    height: 20px;
    fill: none;
    stroke: currentcolor;
    stroke-width: 2;
    stroke-linecap: round;
  }

  h1 {
    overflow-wrap: anywhere;
    font-size: clamp(2rem, 8vw, 4rem);
    font-weight: 800;
    letter-spacing: -0.04em;
    line-height: 1.05;
    text-wrap: balance;
  }

  .show {
    display: -webkit-box;
    max-width: 36em;
    margin: 6px auto 0;
    overflow: hidden;
    overflow-wrap: anywhere;
    font-size: 1.0625rem;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }

  .facts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 6px 12px;
    margin-top: 12px;
    font-size: 0.9375rem;
    font-weight: 600;
  }

  .facts .pill {
    background: color-mix(in srgb, var(--sky-bg) 72%, transparent);
  }

  .facts .pill:not(.live, .warn, .bad) {
    color: inherit;
  }

  .sun {
    position: relative;
    flex: none;
    width: var(--sun-size);
    height: var(--sun-size);
    margin: auto 0 calc(var(--sun-rise) - var(--sun-size) / 2);
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: radial-gradient(circle at 50% 30%, var(--sky-sun-edge), var(--sky-sun) 70%);
    box-shadow: 0 0 60px rgb(var(--sky-wave) / 45%);
    color: var(--sky-sun-text);
    transition:
      transform 0.2s,
      box-shadow 0.3s;
  }

  .sun:hover {
    background: radial-gradient(circle at 50% 30%, var(--sky-sun-edge), var(--sky-sun) 90%);
    transform: scale(1.03);
  }

  .sun:active {
    transform: scale(0.98);
  }

  .sun:focus-visible {
    outline-width: 4px;
    outline-offset: 6px;
  }

  .sun.off {
    background: var(--sky-raised);
    box-shadow: inset 0 0 0 2px var(--sky-line-strong);
    color: var(--sky-text);
  }

  .sun svg {
    width: 44%;
    height: 44%;
    stroke: none;
  }

  .solid {
    fill: currentcolor;
  }

  .orbit {
    position: absolute;
    inset: -9px;
    border: 3px solid rgb(var(--sky-wave) / 25%);
    border-top-color: rgb(var(--sky-wave));
    border-radius: 50%;
    animation: orbit 1.1s linear infinite;
  }

  @keyframes orbit {
    to {
      transform: rotate(1turn);
    }
  }

  .now {
    min-height: 8.5rem;
    padding: 20px 20px 0;
    text-align: center;
  }

  .now h2 {
    max-width: 20em;
    margin: 0 auto;
    overflow-wrap: anywhere;
    font-size: clamp(1.625rem, 5.4vw, 2.75rem);
    font-weight: 800;
    letter-spacing: -0.03em;
    line-height: 1.12;
    text-wrap: balance;
  }

  .artist {
    margin-top: 4px;
    overflow-wrap: anywhere;
    font-size: 1.1875rem;
  }

  .detail {
    max-width: 38em;
    margin: 12px auto 0;
    color: var(--sky-muted);
    text-wrap: balance;
  }

  .detail.failed,
  .detail.lost,
  .detail.off {
    font-size: 1.0625rem;
  }

  .detail.lost {
    color: var(--sky-warn);
  }

  .detail.failed {
    color: var(--sky-bad);
  }

  .detail::before {
    display: none;
    width: 9px;
    height: 9px;
    margin-right: 9px;
    border-radius: 50%;
    background: currentcolor;
    content: "";
  }

  .detail.good::before,
  .detail.fair::before,
  .detail.poor::before {
    display: inline-block;
  }

  .detail.good::before {
    background: var(--sky-good);
  }

  .detail.fair::before {
    background: var(--sky-warn);
  }

  .detail.poor::before {
    background: var(--sky-bad);
  }

  .columns {
    display: grid;
    grid-template-columns: minmax(0, 5fr) minmax(0, 6fr);
    gap: 32px 56px;
    align-items: start;
    max-width: 1000px;
    margin: 36px auto 0;
    padding: 0 20px 64px;
  }

  .columns.alone {
    max-width: 480px;
    grid-template-columns: minmax(0, 1fr);
  }

  .bar {
    display: flex;
    align-items: center;
    gap: 8px;
  }

  .bar .volume {
    flex: 1;
    min-width: 0;
  }

  .copied {
    color: var(--sky-good);
  }

  .link {
    margin-top: 12px;
  }

  details {
    margin-top: 16px;
    border-top: 1px solid var(--sky-line);
  }

  summary {
    min-height: 44px;
    padding: 10px 0;
    color: var(--sky-muted);
    font-weight: 600;
    cursor: pointer;
  }

  fieldset {
    display: grid;
    gap: 4px;
    margin: 0;
    padding: 0;
    border: 0;
  }

  .choice {
    display: grid;
    grid-template-columns: 20px 1fr;
    gap: 0 14px;
    align-items: center;
    padding: 10px 12px;
    border-radius: 12px;
    cursor: pointer;
  }

  .choice:hover {
    background: var(--sky-raised);
  }

  .choice small {
    grid-column: 2;
    color: var(--sky-muted);
    font-size: 0.875rem;
    font-weight: 400;
  }

  .history h2 {
    margin-bottom: 6px;
    font-size: 1.0625rem;
  }

  .history li {
    display: grid;
    grid-template-columns: 4.2em minmax(0, 1fr);
    padding: 10px 0;
    border-top: 1px solid var(--sky-line);
    overflow-wrap: anywhere;
  }

  time {
    color: var(--sky-muted);
    font-variant-numeric: tabular-nums;
  }

  .history strong {
    display: block;
    font-weight: 600;
    line-height: 1.35;
  }

  @media (max-width: 760px) {
    .columns {
      grid-template-columns: minmax(0, 1fr);
      margin-top: 20px;
      padding-bottom: calc(110px + env(safe-area-inset-bottom));
    }

    .bar {
      position: fixed;
      z-index: 1;
      right: 0;
      bottom: 0;
      left: 0;
      padding: 10px max(16px, env(safe-area-inset-right)) calc(10px + env(safe-area-inset-bottom))
        max(16px, env(safe-area-inset-left));
      border-top: 1px solid var(--sky-line);
      background: var(--sky-surface);
    }

    .columns > .history {
      order: -1;
    }

    details {
      margin-top: 0;
    }
  }

  @media (forced-colors: active) {
    .sun {
      border: 2px solid ButtonText;
    }
  }
`;
