import { html, type TemplateResult } from "lit";
import { formatCount, formatListeners } from "../ui/format.js";
import type { History } from "./core/history.js";
import { sparkline, type Box } from "./core/sparkline.js";

/** Listeners of the last ten minutes as a line, with its words for who does not see it. */
export function listenersSpark(history: History, now: number, box: Box): TemplateResult {
  const highest = history.highest ?? 0;
  // A line of few listeners is not to look like a crowd's.
  const path = sparkline(history.values, Math.max(4, highest), box);
  const words = `${formatListeners(now)} now, at most ${formatCount(highest)} in ten minutes`;
  return html`<svg
    class="spark"
    role="img"
    aria-label=${words}
    viewBox=${`0 0 ${box.width} ${box.height}`}
    preserveAspectRatio="none"
  >
    <path class="ground" d=${`M0 ${box.height}h${box.width}`} />
    <path d=${path} />
  </svg>`;
}
