import type { Title } from "@skywave/client";
import type { EncoderAccount } from "./accounting.js";

/** Titles that wait for their frame; the relay would take as many. Full: the oldest is let go. */
const MOST = 16;

/** Titles on their way to the frame from which on they hold. */
export class TitleQueue {
  readonly #waiting: { readonly title: Title; readonly at: number }[] = [];

  constructor(private readonly account: EncoderAccount) {}

  /** A title holds from this sample of the mix on. */
  add(title: Title, at: number): void {
    this.#waiting.push({ title, at });
    if (this.#waiting.length > MOST) this.#waiting.shift();
  }

  /** The titles whose frames are made, with the byte each begins at; gone ones without. */
  take(): readonly { readonly title: Title; readonly atByte: number | undefined }[] {
    const due: { title: Title; atByte: number | undefined }[] = [];
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const place = this.account.place(next.at);
      if (place.kind === "later") break;
      this.#waiting.shift();
      due.push({ title: next.title, atByte: place.kind === "byte" ? place.atByte : undefined });
    }
    return due;
  }
}
