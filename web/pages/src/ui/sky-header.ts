import { css, html, LitElement, type TemplateResult } from "lit";
import { base } from "./styles.js";

/** The pages of a relay. */
export type PageName = "listen" | "studio" | "admin";

const PAGES: readonly { readonly name: PageName; readonly href: string; readonly words: string }[] =
  [
    { name: "listen", href: "/", words: "Listen" },
    { name: "studio", href: "/studio", words: "Studio" },
    { name: "admin", href: "/admin", words: "Admin" },
  ];

/**
 * `<sky-header page="listen">`: the name and the way between the pages. The slot takes
 * what a page wants at the right, such as how it is connected.
 */
export class SkyHeader extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        display: block;
        position: relative;
        z-index: 1;
        color: inherit;
      }

      header {
        display: flex;
        align-items: center;
        gap: 4px 24px;
        max-width: 1200px;
        min-height: var(--sky-header-height);
        margin: 0 auto;
        padding: max(8px, env(safe-area-inset-top)) max(20px, env(safe-area-inset-right)) 8px
          max(20px, env(safe-area-inset-left));
      }

      .name {
        display: inline-flex;
        align-items: center;
        gap: 10px;
        min-height: 44px;
        color: inherit;
        font-size: 1.125rem;
        font-weight: 700;
        letter-spacing: -0.02em;
        text-decoration: none;
      }

      .name svg {
        width: 30px;
        height: 30px;
        fill: none;
        stroke: var(--sky-sun);
        stroke-width: 2.4;
        stroke-linecap: round;
      }

      .name .sun {
        fill: var(--sky-sun);
        stroke: none;
      }

      nav ul {
        display: flex;
        gap: 4px;
      }

      nav a {
        display: inline-flex;
        align-items: center;
        min-height: 44px;
        padding: 0 12px;
        border-radius: 999px;
        color: inherit;
        font-size: 0.9375rem;
        font-weight: 500;
        text-decoration: none;
      }

      nav a:hover {
        background: color-mix(in srgb, currentcolor 9%, transparent);
      }

      nav a[aria-current] {
        font-weight: 700;
        text-decoration: underline;
        text-decoration-color: var(--sky-sun);
        text-decoration-thickness: 3px;
        text-underline-offset: 8px;
      }

      .end {
        display: flex;
        align-items: center;
        gap: 12px;
        margin-left: auto;
      }

      @media (max-width: 520px) {
        header {
          gap: 4px 8px;
        }

        .word {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }

        nav a {
          padding: 0 9px;
        }
      }
    `,
  ];

  static override properties = { page: { type: String } };

  declare page: PageName;

  constructor() {
    super();
    this.page = "listen";
  }

  protected override render(): TemplateResult {
    return html`<header>
      <a class="name" href="/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path class="sun" d="M11 25a5 5 0 0 1 10 0z" />
          <path d="M7 25a9 9 0 0 1 18 0M2.5 25a13.5 13.5 0 0 1 27 0" />
        </svg>
        <span class="word">Skywave</span>
      </a>
      <nav aria-label="Pages">
        <ul>
          ${PAGES.map(
            ({ name, href, words }) =>
              html`<li>
                ${
                  name === this.page
                    ? html`<a href=${href} aria-current="page">${words}</a>`
                    : html`<a href=${href}>${words}</a>`
                }
              </li>`,
          )}
        </ul>
      </nav>
      <div class="end"><slot></slot></div>
    </header>`;
  }
}

customElements.define("sky-header", SkyHeader);

declare global {
  interface HTMLElementTagNameMap {
    "sky-header": SkyHeader;
  }
}
