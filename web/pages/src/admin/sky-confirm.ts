import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { formatSentence } from "../ui/format.js";
import { base, buttons, inputs } from "../ui/styles.js";
import { messageText } from "./core/words.js";
import { look } from "./look.js";

/** Characters of a message; the relay takes 1,024 bytes, and a character has at most 3. */
const MAX_MESSAGE = 300;

/**
 * `<sky-confirm>`: a button for something that cannot be undone. Asks once, in its place,
 * with room for a message, then does it. Event `sky-done` once it is done.
 */
export class SkyConfirm extends LitElement {
  static override styles = [
    base,
    buttons,
    inputs,
    look,
    css`
      :host {
        display: block;
      }

      form {
        display: grid;
        gap: 10px;
        padding: 16px;
        border: 2px solid var(--sky-bad);
        border-radius: 14px;
        background: var(--sky-bg);
      }

      form p:first-child {
        font-weight: 700;
      }

      label {
        font-size: 0.875rem;
      }

      button.small {
        min-height: 36px;
        padding: 0 14px;
        font-size: 0.875rem;
      }

      button[type="submit"] {
        border-color: var(--sky-bad);
        background: var(--sky-bad);
        color: var(--sky-surface);
      }
    `,
  ];

  static override properties = {
    label: { type: String },
    describe: { type: String },
    question: { type: String },
    yes: { type: String },
    small: { type: Boolean },
    disabled: { type: Boolean },
    act: { attribute: false },
    asking: { type: Boolean, reflect: true },
    isWorking: { state: true },
    fault: { state: true },
  };

  /** What the button says. */
  declare label: string;
  /** What it says to screen readers, where that is more. */
  declare describe: string;
  declare question: string;
  /** What the button says that does it. */
  declare yes: string;
  declare small: boolean;
  declare disabled: boolean;
  declare act: (message: string | undefined) => Promise<void>;
  private declare asking: boolean;
  private declare isWorking: boolean;
  private declare fault: string;

  constructor() {
    super();
    this.label = "";
    this.describe = "";
    this.question = "";
    this.yes = "";
    this.small = false;
    this.disabled = false;
    this.act = () => Promise.resolve();
    this.asking = false;
    this.isWorking = false;
    this.fault = "";
  }

  protected override render(): TemplateResult {
    if (!this.asking) {
      return html`<button
        type="button"
        class=${this.small ? "danger small" : "danger"}
        aria-label=${this.describe === "" ? nothing : this.describe}
        ?disabled=${this.disabled}
        @click=${this.#ask}
      >
        ${this.label}
      </button>`;
    }
    return html`<form @submit=${this.#submit} @keydown=${this.#keydown}>
      <p id="question">${this.question}</p>
      <label for="message">Message to them (optional)</label>
      <input id="message" name="message" maxlength=${MAX_MESSAGE} autocomplete="off"
        aria-describedby="question" />
      ${this.fault === "" ? nothing : html`<p class="fault" role="alert">${this.fault}</p>`}
      <div class="row">
        <button type="submit" ?disabled=${this.disabled || this.isWorking}>
          ${this.isWorking ? "One moment…" : this.yes}
        </button>
        <button type="button" class="quiet" @click=${this.#cancel}>Cancel</button>
      </div>
      ${
        this.disabled
          ? html`<p class="hint">This takes a connection, which is lost just now.</p>`
          : nothing
      }
    </form>`;
  }

  protected override updated(changed: PropertyValues): void {
    // The first time there was no state before, and nothing to move the focus from.
    if (changed.get("asking") === undefined) return;
    this.renderRoot.querySelector<HTMLElement>(this.asking ? "input" : "button")?.focus();
  }

  readonly #ask = (): void => {
    this.fault = "";
    this.asking = true;
  };

  readonly #cancel = (): void => {
    this.asking = false;
  };

  readonly #keydown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    // The panel around it stays open.
    event.preventDefault();
    event.stopPropagation();
    this.#cancel();
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const message = new FormData(event.target as HTMLFormElement).get("message");
    void this.#do(typeof message === "string" ? messageText(message) : undefined);
  };

  async #do(message: string | undefined): Promise<void> {
    if (this.disabled || this.isWorking) return;
    this.isWorking = true;
    this.fault = "";
    try {
      await this.act(message);
      this.asking = false;
      this.dispatchEvent(new CustomEvent("sky-done"));
    } catch (error) {
      this.fault = formatSentence(error instanceof Error ? error.message : String(error));
    } finally {
      this.isWorking = false;
    }
  }
}

customElements.define("sky-confirm", SkyConfirm);
