/** The part of the browser that sharing uses. */
export interface Sharer {
  readonly share?: ((data: ShareData) => Promise<void>) | undefined;
  readonly clipboard?: Pick<Clipboard, "writeText"> | undefined;
}

/**
 * Hands a link on: by the device's own sheet, else to the clipboard.
 *
 * @returns `shared`, `copied`, `cancelled` by the person, or `shown`: neither is allowed
 * here, so the page has to show the link.
 */
export async function share(
  sharer: Sharer,
  link: { readonly title: string; readonly url: string },
): Promise<"shared" | "copied" | "cancelled" | "shown"> {
  if (sharer.share) {
    try {
      await sharer.share({ title: link.title, url: link.url });
      return "shared";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return "cancelled";
    }
  }
  try {
    if (!sharer.clipboard) return "shown";
    await sharer.clipboard.writeText(link.url);
    return "copied";
  } catch {
    return "shown";
  }
}
