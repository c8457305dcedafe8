import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { base, buttons, cards, inputs } from "../ui/styles.js";
import { channelFault, covers, readClaims } from "./core/claims.js";
import { panel } from "./look.js";
import { BIT_RATES, type BitRate, type StudioState } from "./state.js";
import type { Studio } from "./studio.js";

/** `<sky-station-form>`: which station, what the show is called, and the button to go live. */
export class SkyStationForm extends LitElement {
  static override styles = [
    base,
    buttons,
    cards,
    inputs,
    panel,
    css`
      form {
        display: grid;
        gap: 18px;
      }

      h1 {
        font-size: 1.5rem;
        letter-spacing: -0.02em;
      }

      #go-live {
        min-height: 64px;
        padding: 0 36px;
        border-color: var(--sky-live);
        background: var(--sky-live);
        color: var(--sky-bg);
        font-size: 1.375rem;
        font-weight: 700;
      }

      #go-live:hover:not(:disabled) {
        background: color-mix(in srgb, var(--sky-live) 86%, var(--sky-text));
      }

      #go-live::before {
        width: 14px;
        height: 14px;
        border-radius: 50%;
        background: currentcolor;
        content: "";
      }

      @media (max-width: 520px) {
        #go-live {
          width: 100%;
        }
      }
    `,
  ];

  static override properties = {
    studio: { attribute: false },
    state: { attribute: false },
    fault: { state: true },
  };

  declare studio: Studio;
  declare state: StudioState;
  private declare fault: string;

  constructor() {
    super();
    this.fault = "";
  }

  protected override render(): TemplateResult {
    const { station, show, kbps, streams, live } = this.state;
    const names = this.#stations();
    const busy = streams.find(({ channelId }) => channelId === station);
    return html`<form class="card" @submit=${this.#submit} @input=${this.#changed} novalidate>
      <h1>Your show</h1>
      <div class="fields">
        <div class="field">
          <label for="station">Station</label>
          <input
            id="station"
            name="station"
            .value=${station}
            list="stations"
            maxlength="64"
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-describedby="station-hint"
            aria-invalid=${this.fault === "" ? "false" : "true"}
            required
          />
          <datalist id="stations">
            ${names.map((name) => html`<option value=${name}></option>`)}
          </datalist>
          <p class=${this.fault === "" ? "hint" : "fault"} id="station-hint" role="status">
            ${this.fault !== ""
              ? this.fault
              : busy
                ? "It is on the air now. If it is yours, you take it over."
                : "Its name in links, such as jazz."}
          </p>
        </div>
        ${this.#text("show-title", "Show", show.showTitle, "Nachtmusik")}
        ${this.#text("host-name", "Host", show.hostName, "who presents it")}
        ${this.#text("show-type", "Kind of show", show.showType, "music, talk, news …")}
        <div class="field">
          <label for="bit-rate">Sound quality</label>
          <select id="bit-rate" name="bit-rate">
            ${BIT_RATES.map(
              (rate) =>
                html`<option value=${rate} ?selected=${rate === kbps}>
                  ${rate} kbit/s${rate === 128 ? " (usual)" : rate === 320 ? " (best)" : ""}
                </option>`,
            )}
          </select>
        </div>
      </div>
      <div class="row">
        <button id="go-live" type="submit" ?disabled=${live !== "off"}>
          ${live === "starting" ? "Going live…" : "Go live"}
        </button>
        ${this.#readiness()}
      </div>
    </form>`;
  }

  #text(id: string, words: string, value: string | undefined, example: string): TemplateResult {
    return html`<div class="field">
      <label for=${id}>${words}</label>
      <input id=${id} name=${id} .value=${value ?? ""} maxlength="200" placeholder=${example} />
    </div>`;
  }

  #readiness(): TemplateResult | typeof nothing {
    const { playlist, input } = this.state;
    if (playlist.tracks.length > 0 || input.state === "on") return nothing;
    return html`<p class="hint">
      Nothing to hear yet: add music, or turn the microphone on. You can do so while live, too.
    </p>`;
  }

  /** Stations that this sign-in names, and those on the air that it covers. */
  #stations(): readonly string[] {
    const { credentials, streams } = this.state;
    const patterns = readClaims(credentials?.token ?? "")?.channels ?? ["*"];
    const named = patterns.filter((pattern) => !pattern.endsWith("*"));
    const onAir = streams.map(({ channelId }) => channelId);
    return [...new Set([...named, ...onAir.filter((name) => covers(patterns, name))])];
  }

  readonly #changed = (event: Event): void => {
    this.#save((event.target as HTMLInputElement).form);
    if (this.fault !== "") this.fault = this.#judge();
  };

  #save(form: HTMLFormElement | null): void {
    if (!form) return;
    const fields = new FormData(form);
    const text = (name: string) => {
      const value = fields.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const show = {
      ...(text("show-title") === "" ? {} : { showTitle: text("show-title") }),
      ...(text("host-name") === "" ? {} : { hostName: text("host-name") }),
      ...(text("show-type") === "" ? {} : { showType: text("show-type") }),
    };
    const kbps = BIT_RATES.find((rate) => rate === Number(text("bit-rate"))) ?? this.state.kbps;
    this.studio.setStation(text("station"), show, kbps satisfies BitRate);
  }

  #judge(): string {
    const { station, credentials } = this.studio.state;
    const fault = channelFault(station);
    if (fault !== undefined) return fault;
    const patterns = readClaims(credentials?.token ?? "")?.channels;
    if (!patterns || covers(patterns, station)) return "";
    return `Your token is for ${patterns.join(", ")}.`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#save(event.target as HTMLFormElement);
    this.fault = this.#judge();
    if (this.fault === "") void this.studio.goLive();
    else this.renderRoot.querySelector<HTMLElement>("#station")?.focus();
  };
}

customElements.define("sky-station-form", SkyStationForm);
