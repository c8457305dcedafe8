/** Something to subscribe to, in the form that libraries of observables share. */
export interface Observable<Event> {
  /** Calls `observer`, or its `next`, for every event from now on. */
  subscribe(observer: ((event: Event) => void) | { next?: (event: Event) => void }): {
    unsubscribe(): void;
  };
}

/** A typed event emitter: `Events` maps each name to what its listeners are given. */
export class Emitter<Events extends object> {
  #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Calls `listener` for every such event. The returned function takes it off again. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      this.off(name, listener);
    };
  }

  /** Takes a listener off. */
  off<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    this.#listeners.get(name)?.delete(listener);
  }

  /** The events of this name as an observable, which never completes and never fails. */
  observe<Name extends keyof Events>(name: Name): Observable<Events[Name]> {
    return {
      subscribe: (observer) => {
        const unsubscribe = this.on(name, (event) => {
          if (typeof observer === "function") observer(event);
          else observer.next?.(event);
        });
        return { unsubscribe };
      },
    };
  }

  /** Calls the listeners. One that throws is reported and does not keep the others from theirs. */
  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      call(listener as (event: Events[Name]) => void, event);
    }
  }
}

/** Calls a function of the application; what it throws goes to the global error handler. */
export function call<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
