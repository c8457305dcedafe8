import {
  SkywaveClient,
  SkywaveError,
  type ConnectionStatus,
  type Show,
  type Title,
} from "@skywave/client";
import type {
  Credentials,
  EncoderSettings,
  EncoderToMixer,
  FromEncoder,
  MixerToEncoder,
  ToEncoder,
} from "./messages.js";
import { Upload } from "./upload.js";

/** Without sound from the mixer for so long, silence holds the broadcast. */
const QUIET_MS = 250;
/** A broadcast that the relay let go is started again for so long, and so often, ms. */
const START_AGAIN_MS = 120_000;
const AGAIN_EVERY_MS = 1_000;
/** The mixer is waited for so long on a stop; a context that does not run says nothing. */
const STOP_PATIENCE_MS = 400;

interface OnAirNow {
  readonly channelId: string;
  readonly show: Show;
  readonly settings: EncoderSettings;
  readonly upload: Upload;
  /** The newest title. */
  title: Title | undefined;
  /** When sound, or silence in its place, was last encoded: ms. */
  heardUntil: number;
  isStopping: boolean;
}

let client: SkywaveClient | undefined;
let mixer: MessagePort | undefined;
let now: OnAirNow | undefined;

self.onmessage = (event: MessageEvent<ToEncoder>) => {
  const message = event.data;
  switch (message.type) {
    case "port":
      mixer?.close();
      mixer = message.port;
      now?.upload.renumber();
      mixer.onmessage = ({ data }: MessageEvent<MixerToEncoder>) => {
        fromMixer(data);
      };
      break;
    case "connect":
      connect(message.relay, message.credentials);
      break;
    case "disconnect":
      client?.disconnect();
      client = undefined;
      now = undefined;
      break;
    case "start":
      void start(message.channelId, message.show, message.settings);
      break;
    case "title":
      if (now) now.title = message.title;
      now?.upload.title(message.title, message.at);
      break;
    case "stop":
      stopSoon();
      break;
  }
};

setInterval(() => {
  holdWithSilence();
}, 40);

setInterval(() => {
  if (!now || !client) return;
  const { roundTrip } = client;
  tell({
    type: "stats",
    stats: now.upload.stats(roundTrip === undefined ? undefined : roundTrip / 1000),
  });
}, 1000);

function connect(relay: string, credentials: Credentials): void {
  client?.disconnect();
  const mine = new SkywaveClient({ relay, ...credentials, client: "skywave-studio" });
  client = mine;
  mine.on("connectionStatus", (status) => {
    if (client === mine) connectionChanged(mine, status);
  });
  const tellStreams = () => {
    tell({
      type: "streams",
      streams: mine.activeStreams.map(({ channelId, showTitle, listeners }) => ({
        channelId,
        showTitle,
        listeners,
      })),
    });
  };
  mine.on("streamStarted", tellStreams);
  mine.on("streamStopped", tellStreams);
  mine.on("streamListeners", ({ channelId, count }) => {
    tell({ type: "listeners", channelId, count });
  });
  mine.on("broadcastEnded", ({ channelId, reason }) => {
    if (now?.channelId !== channelId) return;
    if (reason.isPassing && !now.isStopping) void startAgain(mine, now);
    else end(reason);
  });
  mine.connect().then(
    () => {
      tellStreams();
      // A relay that cannot count for everyone leaves the studio without a chart, no more.
      mine.watchStreams().catch(() => undefined);
    },
    () => undefined,
  );
}

function connectionChanged(mine: SkywaveClient, status: ConnectionStatus): void {
  switch (status.state) {
    case "connected": {
      const { role, subject, server, expires } = status.welcome;
      tell({ type: "connection", state: "connected", welcome: { role, subject, server, expires } });
      break;
    }
    case "connecting":
      tell({ type: "connection", state: "connecting" });
      break;
    default: {
      const { code, message } = status.reason;
      if (status.state === "closed") {
        now = undefined;
        client = undefined;
        mine.disconnect();
      }
      tell({ type: "connection", state: status.state, reason: { code, message } });
    }
  }
}

async function start(channelId: string, show: Show, settings: EncoderSettings): Promise<void> {
  const mine = client;
  if (!mine || now) return;
  try {
    const broadcast = await mine.startStream({ channelId, ...show });
    const upload = await Upload.open(settings, broadcast, (title, atByte) => {
      setTitle(mine, channelId, title, atByte);
    });
    const heardUntil = performance.now();
    now = { channelId, show, settings, upload, title: undefined, heardUntil, isStopping: false };
    const { streamId, resumed } = broadcast;
    tell({ type: "started", channelId, streamId, resumed });
  } catch (error) {
    await mine.stopStream(channelId).catch(() => undefined);
    const code = error instanceof SkywaveError ? error.code : "internal";
    tell({ type: "ended", code, message: words(error) });
  }
}

/** A relay that restarts ends its broadcasts, though nobody meant to: this brings it back. */
async function startAgain(mine: SkywaveClient, lost: OnAirNow): Promise<void> {
  const until = performance.now() + START_AGAIN_MS;
  for (;;) {
    try {
      const broadcast = await mine.startStream({ channelId: lost.channelId, ...lost.show });
      if (now === lost) {
        lost.upload.goOnWith(broadcast);
        if (lost.title) lost.upload.title(lost.title, undefined);
      } else {
        await mine.stopStream(lost.channelId);
      }
      return;
    } catch (error) {
      if (now !== lost) return;
      const reason = error instanceof SkywaveError ? error : undefined;
      if (!reason?.isPassing || performance.now() > until) {
        end(reason ?? new SkywaveError("internal", words(error)));
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_EVERY_MS));
    }
  }
}

function end({ code, message }: SkywaveError): void {
  now = undefined;
  tell({ type: "ended", code, message });
}

function setTitle(
  mine: SkywaveClient,
  channelId: string,
  title: Title,
  atByte: number | undefined,
): void {
  const holdsAt = atByte === undefined ? {} : { atByte };
  mine.updateMetadata({ channelId, ...title, ...holdsAt }).catch((error: unknown) => {
    tell({ type: "title-refused", message: words(error) });
  });
}

function fromMixer(message: MixerToEncoder): void {
  if (message.type === "end") {
    if (now?.isStopping) void stop();
    return;
  }
  const taken: EncoderToMixer = message.left.length;
  mixer?.postMessage(taken);
  if (!now) return;
  now.heardUntil = performance.now();
  now.upload.mix(message.first, message.left, message.right, message.at);
}

/** Keeps the broadcast going where the page may not run its sound, as after a reload. */
function holdWithSilence(): void {
  if (!now || now.isStopping) return;
  const quietMs = performance.now() - now.heardUntil;
  if (quietMs < QUIET_MS) return;
  const { sampleRate } = now.settings;
  now.upload.silence(Math.round(((quietMs - QUIET_MS / 2) / 1000) * sampleRate));
  now.heardUntil = performance.now() - QUIET_MS / 2;
}

function stopSoon(): void {
  if (!now) {
    tell({ type: "stopped" });
    return;
  }
  now.isStopping = true;
  setTimeout(() => {
    void stop();
  }, STOP_PATIENCE_MS);
}

async function stop(): Promise<void> {
  const ending = now;
  if (!ending || !client) return;
  now = undefined;
  ending.upload.finish();
  try {
    await client.stopStream(ending.channelId);
  } catch (error) {
    if (error instanceof SkywaveError && error.code !== "not-publishing") {
      tell({ type: "title-refused", message: error.message });
    }
  }
  tell({ type: "stopped" });
}

function tell(message: FromEncoder): void {
  self.postMessage(message);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
