import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { base, buttons, inputs } from "../ui/styles.js";
import { look } from "./look.js";

/** `<sky-admin-sign-in>`: asks for a token. Event `sky-token`, its detail the token. */
export class SkyAdminSignIn extends LitElement {
  static override styles = [
    base,
    buttons,
    inputs,
    look,
    css`
      form {
        display: grid;
        gap: 10px;
        margin-top: 18px;
      }

      textarea {
        min-height: 110px;
        font-family: var(--sky-mono);
        font-size: 0.875rem;
        overflow-wrap: anywhere;
      }

      button {
        justify-self: start;
      }
    `,
  ];

  static override properties = { fault: { state: true } };

  private declare fault: string;

  constructor() {
    super();
    this.fault = "";
  }

  protected override render(): TemplateResult {
    return html`<form @submit=${this.#submit} novalidate>
      <label for="token">Token of an administrator</label>
      <textarea
        id="token"
        name="token"
        autocomplete="off"
        spellcheck="false"
        aria-describedby="hint"
        required
      ></textarea>
      <p class="hint" id="hint">
        <code>skywave token --role admin --channel '*'</code> makes one. It stays in this tab, and
        is forgotten when the tab is closed.
      </p>
      ${this.fault === "" ? nothing : html`<p class="fault" role="alert">${this.fault}</p>`}
      <button class="primary" id="sign-in">Sign in</button>
    </form>`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement).get("token");
    const token = typeof given === "string" ? given.replaceAll(/\s/g, "") : "";
    if (token.split(".").length !== 3) {
      this.fault = "This is no token. It has three parts with dots between; copy it whole.";
      this.renderRoot.querySelector("textarea")?.focus();
      return;
    }
    this.fault = "";
    this.dispatchEvent(new CustomEvent("sky-token", { detail: token }));
  };
}

customElements.define("sky-admin-sign-in", SkyAdminSignIn);
