import workerUrl from "./worker.ts?worker&url";
import workletUrl from "./worklet.ts?worker&url";

/** Loads the player's worklet into a context. From another origin too: the relay allows it. */
export function addWorklet(context: BaseAudioContext): Promise<void> {
  return context.audioWorklet.addModule(workletUrl);
}

/** Starts the player's worker, from wherever this script came. */
export function startWorker(): Worker {
  const url = new URL(workerUrl, location.href);
  if (url.origin === location.origin) return new Worker(url, { type: "module", name: "skywave" });
  // A worker's script must be of the page's own origin; what it imports need not be.
  const script = new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" });
  const local = URL.createObjectURL(script);
  const worker = new Worker(local, { type: "module", name: "skywave" });
  const release = () => {
    URL.revokeObjectURL(local);
  };
  worker.addEventListener("message", release, { once: true });
  worker.addEventListener("error", release, { once: true });
  return worker;
}
