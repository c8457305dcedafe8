import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { formatCount } from "../ui/format.js";
import { base } from "../ui/styles.js";

/**
 * `<sky-count value="12">`: a number that moves a little when it changes. It is never
 * announced by itself: counts change all the time.
 */
export class SkyCount extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        display: inline-block;
        font-variant-numeric: tabular-nums;
      }

      span {
        display: inline-block;
      }
    `,
  ];

  static override properties = { value: { type: Number } };

  declare value: number;
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");

  constructor() {
    super();
    this.value = 0;
  }

  protected override render(): TemplateResult {
    return html`<span>${formatCount(this.value)}</span>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("value");
    if (before === undefined || this.#calm.matches) return;
    const from = this.value > before ? "30%" : "-30%";
    this.renderRoot
      .querySelector("span")
      ?.animate([{ transform: `translateY(${from})` }, { transform: "none" }], {
        duration: 260,
        easing: "cubic-bezier(0.2, 0.8, 0.3, 1)",
      });
  }
}

customElements.define("sky-count", SkyCount);

declare global {
  interface HTMLElementTagNameMap {
    "sky-count": SkyCount;
  }
}
