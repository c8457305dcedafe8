/** What a token says of its holder, as far as the studio needs it. */
export interface Claims {
  readonly subject: string | undefined;
  readonly role: string | undefined;
  /** Channels by name, `jazz`, or by the front of their names, `jazz-*`. */
  readonly channels: readonly string[];
  /** Seconds of Unix time. */
  readonly expires: number | undefined;
}

/**
 * Reads the claims of a JSON Web Token (RFC 7519) without judging it: that is the relay's
 * part. `undefined` where the text is no such token.
 */
export function readClaims(token: string): Claims | undefined {
  const [, payload, signature] = token.trim().split(".");
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims !== "object" || claims === null) return undefined;
    const fields = claims as Record<string, unknown>;
    return {
      subject: typeof fields["sub"] === "string" ? fields["sub"] : undefined,
      role: typeof fields["role"] === "string" ? fields["role"] : undefined,
      channels: Array.isArray(fields["channels"])
        ? fields["channels"].filter((name): name is string => typeof name === "string")
        : [],
      expires: typeof fields["exp"] === "number" ? fields["exp"] : undefined,
    };
  } catch {
    return undefined;
  }
}

/** Whether a token's patterns cover a channel. */
export function covers(patterns: readonly string[], channelId: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? channelId.startsWith(pattern.slice(0, -1)) : channelId === pattern,
  );
}

/** In words, why this cannot be a channel's name (docs/protocol.md, section 2). */
export function channelFault(channelId: string): string | undefined {
  if (channelId === "") return "Give the station a name.";
  if (channelId.length > 64) return "A station's name has at most 64 characters.";
  if (!/^[A-Za-z0-9]/.test(channelId)) return "A station's name begins with a letter or a digit.";
  if (!/^[A-Za-z0-9._-]*$/.test(channelId)) {
    return "A station's name has letters, digits, dots, dashes and underscores only.";
  }
  return undefined;
}
