import { SkywaveClient, systemTime } from "@skywave/client";
import { createDecoder } from "./decoder.js";
import type { FromRenderer, FromWorker, ToRenderer, ToWorker } from "./messages.js";
import type { PlayerOptions } from "./state.js";
import { Tuner } from "./tuner.js";

/** The player's worker: joins the tuner to the page and to the renderer. */

let renderer: MessagePort | undefined;

const tuner = new Tuner({
  time: systemTime,
  openClient,
  openDecoder: createDecoder,
  render: (message: ToRenderer, transfer) => {
    renderer?.postMessage(message, transfer);
  },
  onState: (state) => {
    tell({ type: "state", state });
  },
});

addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  switch (message.type) {
    case "renderer":
      openRenderer(message.port, message.sampleRate);
      break;
    case "play":
      tuner.play(message.options);
      break;
    case "output":
      tuner.read(message.reading);
      break;
    case "running":
      tuner.restartOutput();
      break;
    case "delay":
      void tuner.setDelay(message.delay);
      break;
    case "stop":
      tuner.stop();
      break;
    case "telemetry":
      tell({ type: "telemetry", id: message.id, telemetry: tuner.telemetry() });
      break;
  }
});

tell({ type: "ready" });

function openRenderer(port: MessagePort, sampleRate: number): void {
  renderer?.close();
  renderer = port;
  port.onmessage = (event: MessageEvent<FromRenderer>) => {
    if (port === renderer) tuner.report(event.data);
  };
  tuner.restartOutput(sampleRate);
}

function openClient(options: PlayerOptions): SkywaveClient {
  const { relay, url, certificateHashes = [], token } = options;
  return new SkywaveClient({
    ...(url === undefined ? { relay } : { url, certificateHashes }),
    ...(token !== undefined && { token }),
    client: "@skywave/player",
  });
}

function tell(message: FromWorker): void {
  postMessage(message);
}
