import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import { readClaims } from "./core/claims.js";
import { panel } from "./look.js";
import type { Credentials } from "./messages.js";

/**
 * `<sky-sign-in>`: asks for a token, or on an open relay for a name. Event `sky-sign-in`
 * with the {@link Credentials}.
 */
export class SkySignIn extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    panel,
    css`
      :host {
        max-width: 520px;
        margin: 0 auto;
      }

      form {
        display: grid;
        gap: 18px;
      }

      h1 {
        font-size: 1.75rem;
        line-height: 1.15;
        letter-spacing: -0.02em;
      }

      textarea {
        min-height: 110px;
        font-family: var(--sky-mono);
        font-size: 0.875rem;
        overflow-wrap: anywhere;
      }
    `,
  ];

  static override properties = { auth: { type: String }, fault: { state: true } };

  /** How the relay lets people in; `undefined` while that is not known. */
  declare auth: "open" | "tokens" | undefined;
  private declare fault: string;

  constructor() {
    super();
    this.auth = undefined;
    this.fault = "";
  }

  protected override render(): TemplateResult {
    return html`<form class="card" @submit=${this.#submit} novalidate>
      <h1>Go on the air from this page</h1>
      ${this.auth === undefined
        ? html`<p class="muted" role="status">Looking for the relay…</p>`
        : this.auth === "open"
          ? this.#name()
          : this.#token()}
      ${this.fault === "" ? nothing : html`<p class="fault" role="alert">${this.fault}</p>`}
      ${this.auth === undefined
        ? nothing
        : html`<button class="primary" id="sign-in" type="submit">Open the studio</button>`}
    </form>`;
  }

  #name(): TemplateResult {
    return html`<div class="field">
      <label for="name">Your name</label>
      <input id="name" name="name" autocomplete="nickname" maxlength="128" required />
      <p class="hint">
        This relay is open: no token is needed. With the same name you can take over your own
        station from another place.
      </p>
    </div>`;
  }

  #token(): TemplateResult {
    return html`<div class="field">
      <label for="token">Token</label>
      <textarea id="token" name="token" autocomplete="off" spellcheck="false" required></textarea>
      <p class="hint">
        The relay's operator gives it to you. It stays in this tab, and is forgotten when the tab
        is closed.
      </p>
    </div>`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const text = (name: string) => {
      const value = fields.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    if (this.auth === "open") {
      if (text("name") === "") this.#refuse("Say who you are: any name will do.", "name");
      else this.#tell({ subject: text("name") });
      return;
    }
    const token = text("token").replaceAll(/\s/g, "");
    const claims = readClaims(token);
    if (!claims) {
      this.#refuse("This is no token: it has three parts with dots between.", "token");
    } else if (claims.role !== undefined && !["owner", "admin"].includes(claims.role)) {
      this.#refuse(`This token is for a ${claims.role}; to go live takes an owner's.`, "token");
    } else {
      this.#tell({ token });
    }
  };

  #refuse(fault: string, id: string): void {
    this.fault = fault;
    this.renderRoot.querySelector<HTMLElement>(`#${id}`)?.focus();
  }

  #tell(credentials: Credentials): void {
    this.fault = "";
    this.dispatchEvent(new CustomEvent("sky-sign-in", { detail: credentials }));
  }
}

customElements.define("sky-sign-in", SkySignIn);
