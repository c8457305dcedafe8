import type { SkywaveError } from "@skywave/client";

/** Why there is no connection, for people. */
export function reasonWords(error: SkywaveError): string {
  switch (error.code) {
    case "connect":
      return "The relay cannot be reached";
    case "lost":
    case "no-answer":
      return "The connection was lost";
    case "unsupported":
      return "This browser has no WebTransport, which live sound needs: please use a newer one";
    case "token-missing":
      return "This station needs an access token";
    case "token-invalid":
      return "The access token is not valid";
    case "token-expired":
      return "The access token has expired";
    case "forbidden":
      return "The access token does not allow this station";
    case "limit-reached":
      return "Too many are listening; there is no room now";
    case "too-slow":
      return "The network was too slow";
    case "draining":
      return "The relay restarts";
    case "version-unsupported":
      return "This player is too old for the relay, or too new: reload the page";
    default:
      return error.message;
  }
}
