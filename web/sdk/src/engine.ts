/** What is received in one session on WebKit before a fresh one is opened, in bytes. */
const WEBKIT_BYTES = 12 * 1_024 * 1_024;

/**
 * How many bytes a session may receive before it is renewed, by the browser's name of
 * itself (`navigator.userAgent`). In WebKit, and so in every browser on iOS, delivery to
 * the page is reported to stop after some 16 MiB of a session; other engines need no renewal.
 */
export function renewalBytes(userAgent: string): number {
  const isWebKit = userAgent.includes("AppleWebKit/") && !/Chrom(e|ium)\//.test(userAgent);
  return isWebKit ? WEBKIT_BYTES : Number.POSITIVE_INFINITY;
}
