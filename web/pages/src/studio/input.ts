import type { Desk } from "./desk.js";
import type { InputState } from "./state.js";

/** The microphone, or any other input of this computer. */
export class Input {
  readonly #desk: Desk;
  readonly #onState: (state: InputState) => void;
  #state: InputState;

  constructor(desk: Desk, state: InputState, onState: (state: InputState) => void) {
    this.#desk = desk;
    this.#state = state;
    this.#onState = onState;
    // Missing on plain HTTP beyond loopback.
    const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
    mediaDevices?.addEventListener("devicechange", () => {
      void this.#list();
    });
  }

  /** Connects an input; empty: the browser's default. The browser may ask its user first. */
  async open(deviceId: string): Promise<void> {
    this.#set({ state: "opening", deviceId });
    try {
      const { isProcessed } = this.#state;
      const used = await this.#desk.openInput({ deviceId, isProcessed }, () => {
        this.close("The input went away. Connect it again, or choose another one.");
      });
      this.#set({ state: "on", deviceId: used });
      await this.#list();
    } catch (error) {
      this.close(reasonOf(error));
    }
  }

  close(fault?: string): void {
    this.#desk.closeInput();
    const { fault: _, ...state } = this.#state;
    this.#state = state;
    this.#set({ state: "off", ...(fault === undefined ? {} : { fault }) });
  }

  /** Whether the browser is to clean the voice up. */
  async setProcessed(isProcessed: boolean): Promise<void> {
    this.#set({ isProcessed });
    if (this.#state.state === "on") await this.open(this.#state.deviceId);
  }

  async #list(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const inputs = devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "");
    this.#set({
      devices: inputs.map(({ deviceId, label }, index) => ({
        deviceId,
        label: label === "" ? `Input ${index + 1}` : label,
      })),
    });
  }

  #set(change: Partial<InputState>): void {
    const { fault, ...state } = this.#state;
    const keepsFault = fault !== undefined && change.state === undefined;
    this.#state = { ...state, ...(keepsFault ? { fault } : {}), ...change };
    this.#onState(this.#state);
  }
}

function reasonOf(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
      return "The browser was not allowed to use an input. Allow it beside the address bar.";
    case "NotFoundError":
      return "This computer has no such input.";
    case "NotReadableError":
      return "The input is used by another program.";
    default:
      return `The input could not be opened: ${String(error)}`;
  }
}
