/** What is to happen when, in true time: µs since the simulation began. */
export class Schedule {
  #heap: { at: number; order: number; call: () => void }[] = [];
  #now = 0;
  #count = 0;

  get now(): number {
    return this.#now;
  }

  at(time: number, call: () => void): void {
    this.#heap.push({ at: Math.max(time, this.#now), order: this.#count++, call });
    for (let child = this.#heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) break;
      this.#swap(child, parent);
      child = parent;
    }
  }

  after(micros: number, call: () => void): void {
    this.at(this.#now + micros, call);
  }

  /** Lets everything up to `time` happen. */
  runTo(time: number): void {
    for (let next = this.#heap[0]; next && next.at <= time; next = this.#heap[0]) {
      this.#removeFirst();
      this.#now = next.at;
      next.call();
    }
    this.#now = time;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, first)) first = child;
      }
      if (first === parent) return;
      this.#swap(first, parent);
      parent = first;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    return !!a && !!b && (a.at < b.at || (a.at === b.at && a.order < b.order));
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a && b) [this.#heap[one], this.#heap[other]] = [b, a];
  }
}
