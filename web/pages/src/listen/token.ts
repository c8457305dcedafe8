const KEY = "skywave.token";

/**
 * The listener's token. A link may bring it behind the `#` (`#token=...`), which no server
 * sees; it is kept for the tab and taken off the address, so that it is not shared by
 * accident.
 */
export function takeToken(
  location: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState">,
  storage: Pick<Storage, "getItem" | "setItem"> | undefined,
): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get("token")?.trim() ?? "";
  if (given === "") return storage?.getItem(KEY) ?? undefined;
  storage?.setItem(KEY, given);
  history.replaceState(null, "", location.pathname + location.search);
  return given;
}

/** Keeps a token that was typed in, for the tab. */
export function keepToken(storage: Pick<Storage, "setItem"> | undefined, token: string): void {
  storage?.setItem(KEY, token);
}
