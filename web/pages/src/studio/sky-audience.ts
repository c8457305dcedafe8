import {
  css,
  html,
  LitElement,
  nothing,
  unsafeCSS,
  type PropertyValues,
  type TemplateResult,
} from "lit";
import uPlot from "uplot";
import chartStyle from "uplot/dist/uPlot.min.css?inline";
import { formatCount } from "../ui/format.js";
import { base, cards } from "../ui/styles.js";
import { panel } from "./look.js";
import type { AudiencePoint } from "./state.js";

const HEIGHT = 150;

/** `<sky-audience>`: how many listen, now and since the broadcast began. */
export class SkyAudience extends LitElement {
  static override styles = [
    unsafeCSS(chartStyle),
    base,
    cards,
    panel,
    css`
      .now {
        font-size: 2.5rem;
        font-weight: 700;
        line-height: 1.1;
        letter-spacing: -0.03em;
      }

      .chart {
        margin-top: 8px;
      }
    `,
  ];

  static override properties = {
    listeners: { attribute: false },
    points: { attribute: false },
    isLive: { attribute: false },
  };

  declare listeners: number | undefined;
  declare points: readonly AudiencePoint[];
  declare isLive: boolean;
  #chart: uPlot | undefined;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #size = new ResizeObserver(() => {
    this.#resize();
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#size.observe(this);
    this.#scheme.addEventListener("change", this.#redraw);
  }

  override disconnectedCallback(): void {
    this.#size.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#chart?.destroy();
    this.#chart = undefined;
    super.disconnectedCallback();
  }

  protected override render(): TemplateResult {
    const { listeners, points } = this;
    const most = points.reduce((sofar, { count }) => Math.max(sofar, count), listeners ?? 0);
    return html`<section class="card" aria-labelledby="heading">
      <h2 id="heading">Listeners</h2>
      ${this.isLive
        ? html`<p class="row apart">
            <span class="now numbers" id="listeners"
              >${listeners === undefined ? "–" : formatCount(listeners)}</span
            >
            <span class="hint">at most ${formatCount(most)} so far</span>
          </p>`
        : nothing}
      <div
        class="chart"
        role="img"
        ?hidden=${points.length < 2}
        aria-label=${`Listeners over time: ${formatCount(most)} at most`}
      ></div>
      ${points.length < 2
        ? html`<p class="muted">
            ${this.isLive
              ? "The chart begins in a moment."
              : "While you are live, they are counted here."}
          </p>`
        : nothing}
    </section>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("points")) return;
    if (this.points.length < 2) {
      this.#redraw();
      return;
    }
    if (this.#chart) this.#chart.setData(this.#data());
    else this.#redraw();
  }

  readonly #redraw = (): void => {
    this.#chart?.destroy();
    this.#chart = undefined;
    const place = this.renderRoot.querySelector<HTMLElement>(".chart");
    if (!place || this.points.length < 2) return;
    const look = getComputedStyle(this);
    const colour = (name: string) => look.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--sky-muted"),
      grid: { stroke: colour("--sky-line"), width: 1 },
      ticks: { show: false },
      font: `12px ${look.fontFamily}`,
    };
    this.#chart = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, highest) => [0, Math.max(4, Math.ceil(highest * 1.2))] } },
        axes: [
          { ...axis, size: 26, space: 70, values: (_, seconds) => seconds.map(clockOf) },
          { ...axis, size: 34, space: 34, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
        ],
        series: [
          {},
          {
            stroke: colour("--sky-accent"),
            fill: `color-mix(in srgb, ${colour("--sky-accent")} 16%, transparent)`,
            width: 2,
            points: { show: false },
          },
        ],
      },
      this.#data(),
      place,
    );
  };

  #data(): uPlot.AlignedData {
    return [this.points.map(({ at }) => at), this.points.map(({ count }) => count)];
  }

  #resize(): void {
    const place = this.renderRoot.querySelector<HTMLElement>(".chart");
    if (place && this.#chart) this.#chart.setSize({ width: place.clientWidth, height: HEIGHT });
  }
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

function clockOf(seconds: number): string {
  return clock.format(seconds * 1000);
}

customElements.define("sky-audience", SkyAudience);
