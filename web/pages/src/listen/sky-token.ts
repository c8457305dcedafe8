import { css, html, LitElement, type TemplateResult } from "lit";
import { base, buttons, inputs } from "../ui/styles.js";

/** `<sky-token>`: asks for a token, and hands it on by `sky-token` (detail: the token). */
export class SkyToken extends LitElement {
  static override styles = [
    base,
    buttons,
    inputs,
    css`
      form {
        display: grid;
        gap: 8px;
        max-width: 26rem;
        margin: 20px auto 0;
        text-align: left;
      }

      button {
        margin-top: 8px;
      }
    `,
  ];

  protected override render(): TemplateResult {
    return html`<form @submit=${this.#given}>
      <label for="token">Token</label>
      <input id="token" name="token" autocomplete="off" spellcheck="false" required />
      <button class="primary">Use this token</button>
    </form>`;
  }

  readonly #given = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = new FormData(event.target as HTMLFormElement).get("token");
    if (typeof token !== "string" || token.trim() === "") return;
    const detail = token.trim();
    this.dispatchEvent(new CustomEvent("sky-token", { detail, bubbles: true, composed: true }));
  };
}

customElements.define("sky-token", SkyToken);

declare global {
  interface HTMLElementTagNameMap {
    "sky-token": SkyToken;
  }
}
