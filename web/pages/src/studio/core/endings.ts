/** Why something came to an end, and what the presenter can do. */
export interface Ending {
  readonly headline: string;
  readonly advice: string;
  /** Whether going live again may simply be tried. */
  readonly canRetry: boolean;
}

/**
 * @param code Of the relay or the client (docs/protocol.md, section 9).
 * @param message The relay's own words.
 */
export function endingOf(code: string, message: string): Ending {
  switch (code) {
    case "taken-over":
      return {
        headline: "This station was taken over from another place.",
        advice:
          "Somebody with your sign-in went live on it in another window or on another computer. " +
          "Going live here again takes it back.",
        canRetry: true,
      };
    case "ended-by-admin":
      return {
        headline: "The relay's operator ended the broadcast.",
        advice: message === "" ? "Ask them before you go live again." : `They wrote: ${message}`,
        canRetry: false,
      };
    case "token-expired":
      return {
        headline: "Your token has expired.",
        advice: "Get a new one from the relay's operator and sign in with it.",
        canRetry: false,
      };
    case "token-invalid":
    case "token-missing":
      return {
        headline: "The relay does not accept this token.",
        advice: `Check that it was copied whole, or ask for a new one. (${message})`,
        canRetry: false,
      };
    case "forbidden":
      return {
        headline: "This sign-in may not go live on this station.",
        advice: "Choose another station, or sign in with the station's own token.",
        canRetry: false,
      };
    case "channel-busy":
      return {
        headline: "Somebody else is on the air on this station.",
        advice: "Wait until they have stopped, or choose another station.",
        canRetry: true,
      };
    case "not-mp3":
      return {
        headline: "The relay could not read the sound.",
        advice: `Reload this page and go live again. (${message})`,
        canRetry: true,
      };
    case "limit-reached":
      return {
        headline: "The relay is full.",
        advice: "Try again in a while, or ask its operator.",
        canRetry: true,
      };
    case "unsupported":
      return {
        headline: "This browser cannot go live.",
        advice: "It has no WebTransport. Use a current Chromium, Edge, Firefox or Safari.",
        canRetry: false,
      };
    default:
      return {
        headline: "The broadcast ended.",
        advice: message === "" ? "Go live again when you are ready." : message,
        canRetry: true,
      };
  }
}
