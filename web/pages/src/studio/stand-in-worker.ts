import { QUANTUM } from "./core/mixer.js";
import type { ToMixer } from "./messages.js";
import { MixerHost } from "./mixer-host.js";

/**
 * The mixer without a sound device, at the pace of the clock: it stands in where the browser
 * does not run the page's sound yet, as after a reload, so that the music goes on.
 */

/** The first message: what to be. */
export interface StandIn {
  readonly type: "stand-in";
  readonly sampleRate: number;
}

/** Between two looks at the clock, ms. */
const TICK_MS = 10;
/** After a pause of the computer, no more than this is made up for, in seconds. */
const MOST_BEHIND = 1;

let host: MixerHost | undefined;

self.onmessage = ({ data }: MessageEvent<ToMixer | StandIn>) => {
  if (data.type === "stand-in") host ??= begin(data.sampleRate);
  else host?.take(data);
};

function begin(sampleRate: number): MixerHost {
  const mixer = new MixerHost(sampleRate, self);
  const unheard: [Float32Array, Float32Array] = [
    new Float32Array(QUANTUM),
    new Float32Array(QUANTUM),
  ];
  let at = performance.now();
  let rendered = 0;
  setInterval(() => {
    const due = ((performance.now() - at) / 1000) * sampleRate;
    if (due - rendered > MOST_BEHIND * sampleRate) {
      at = performance.now();
      rendered = 0;
      return;
    }
    for (; rendered + QUANTUM <= due; rendered += QUANTUM) mixer.render([], unheard);
  }, TICK_MS);
  return mixer;
}
