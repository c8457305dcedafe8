import { css, type CSSResultGroup } from "lit";
import { rows } from "../ui/styles.js";

/** What the parts of the admin page share. */
export const look: CSSResultGroup = [
  rows,
  css`
    h2 {
      font-size: 1.125rem;
      letter-spacing: -0.01em;
    }

    .good {
      color: var(--sky-good);
    }

    .fair {
      color: var(--sky-warn);
    }

    .bad,
    .fault {
      color: var(--sky-bad);
    }

    .spark {
      display: block;
      overflow: visible;
      fill: none;
      stroke: var(--sky-accent);
      stroke-width: 2;
      stroke-linecap: round;
      stroke-linejoin: round;
    }

    .spark * {
      vector-effect: non-scaling-stroke;
    }

    .spark .ground {
      stroke: var(--sky-line);
      stroke-width: 1;
    }
  `,
];
