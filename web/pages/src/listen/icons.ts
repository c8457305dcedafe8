import { html, type TemplateResult } from "lit";

/** Icons of 24 by 24, drawn by their strokes; the words beside them say what they mean. */
export const icons = {
  play: solid("M8 5.2v13.6L19 12z"),
  stop: solid(
    "M8 6.5h8A1.5 1.5 0 0 1 17.5 8v8a1.5 1.5 0 0 1-1.5 1.5H8A1.5 1.5 0 0 1 6.5 16V8A1.5 1.5 0 0 1 8 6.5z",
  ),
  sound: line("M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11"),
  muted: line("M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM16 9.5l5 5M21 9.5l-5 5"),
  share: line("M12 15V4M8 7.5 12 3.5l4 4M6 11H5v9h14v-9h-1"),
  done: line("m5 12.5 4.5 4.5L19 7.5"),
  back: line("M15 5.5 8.5 12l6.5 6.5"),
};

function line(path: string): TemplateResult {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
}

function solid(path: string): TemplateResult {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true"><path class="solid" d=${path} /></svg>`;
}
