import { css } from "lit";

/** The sky at the top of the listen page's views, and the sun's place in it. */
export const sky = css`
  ::slotted(*) {
    color: var(--sky-heaven-text);
  }

  .sky {
    position: relative;
    display: flex;
    flex-direction: column;
    align-items: center;
    margin-top: calc(-1 * var(--sky-header-height));
    padding-top: var(--sky-header-height);
    color: var(--sky-heaven-text);
  }
`;
