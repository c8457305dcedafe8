/** A clock and its timers: everything that this library knows of time. */
export interface Time {
  /** µs, a whole number, from a clock that runs evenly; its beginning does not matter. */
  now(): number;
  /** Calls once, `ms` from now. The returned function calls it off. */
  after(ms: number, call: () => void): () => void;
}

/**
 * The browser's own time: µs since the Unix epoch of a clock that runs evenly, the same
 * in a page and in its workers.
 */
export const systemTime: Time = {
  now: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves `ms` from now. */
export function pause(time: Time, ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    time.after(ms, () => {
      resolve(undefined);
    });
  });
}
