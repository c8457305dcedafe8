import { readMp3, readTags } from "./core/mp3-file.js";
import type { DeckToMixer, FromDecks, MixerToDeck, Source, ToDecks } from "./messages.js";
import { openMp3, openSamples, type Sound } from "./track.js";

/** Seconds of sound that a deck in the mixer is kept filled with. */
const AHEAD = 3;

interface Loading {
  readonly track: number;
  /** Where the mixer is in the track, in sample frames. */
  position: number;
  /** Goes on once the mixer has room, or the track was unloaded. */
  wake: (() => void) | undefined;
  isWanted: boolean;
}

let sampleRate = 0;
let mixer: MessagePort | undefined;
const loading = new Map<number, Loading>();
/** Files are read one after the other, so that a dropped folder does not starve what plays. */
let reading = Promise.resolve();

self.onmessage = (event: MessageEvent<ToDecks>) => {
  const message = event.data;
  switch (message.type) {
    case "port":
      sampleRate = message.sampleRate;
      mixer?.close();
      mixer = message.port;
      mixer.onmessage = ({ data }: MessageEvent<MixerToDeck>) => {
        moved(data);
      };
      break;
    case "read":
      reading = reading.then(() => readFacts(message.id, message.file));
      break;
    case "load":
      void load(message.track, message.source, message.at);
      break;
    case "unload":
      unload(message.track);
      break;
  }
};

function moved({ decks }: MixerToDeck): void {
  for (const { track, position } of decks) {
    const one = loading.get(track);
    if (!one) continue;
    one.position = Math.max(one.position, position);
    one.wake?.();
  }
}

function unload(track: number): void {
  const one = loading.get(track);
  if (!one) return;
  one.isWanted = false;
  one.wake?.();
}

async function readFacts(id: string, file: File): Promise<void> {
  try {
    const facts = await readMp3(file);
    tell({
      type: "facts",
      id,
      tags: facts?.tags ?? (await readTags(file)),
      duration: facts?.duration,
    });
  } catch (error) {
    tell({ type: "unreadable", id, message: words(error) });
  }
}

async function load(track: number, source: Source, at: number): Promise<void> {
  const one: Loading = { track, position: 0, wake: undefined, isWanted: true };
  loading.set(track, one);
  try {
    const sound =
      source.kind === "samples"
        ? openSamples(source.left, source.right, at, sampleRate)
        : await openMp3(source.file, at, sampleRate, (frames) => {
            tell({ type: "damaged", track, frames });
          });
    if (!one.isWanted) return;
    tell({ type: "loaded", track, duration: sound.total / sampleRate });
    await send(one, sound);
  } catch (error) {
    tell({ type: "fault", track, message: words(error) });
  } finally {
    // Also after a fault: what did come is played to its end.
    post({ type: "end", track });
    loading.delete(track);
  }
}

async function send(one: Loading, { total, position, pieces }: Sound): Promise<void> {
  const { track } = one;
  let sent = position;
  one.position = position;
  post({ type: "load", track, total, position });
  for await (const { left, right } of pieces) {
    while (one.isWanted && sent - one.position > AHEAD * sampleRate) await moves(one);
    if (!one.isWanted) return;
    if (left.length === 0) continue;
    sent += left.length;
    post({ type: "pcm", track, left, right }, [left.buffer, right.buffer]);
  }
}

function moves(one: Loading): Promise<void> {
  return new Promise((resolve) => {
    one.wake = resolve;
  });
}

function post(message: DeckToMixer, transfer: Transferable[] = []): void {
  mixer?.postMessage(message, transfer);
}

function tell(message: FromDecks): void {
  self.postMessage(message);
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
