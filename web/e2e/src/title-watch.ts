/** A title, and when it came to be on the screen: local time in ms. */
export interface Shown {
  readonly title: string;
  readonly at: number;
}

/** Of the titles that tests put on the air: nothing else on a page looks like it. */
export const TITLE_PATTERN = String.raw`^Track \d+$`;

/**
 * A script that looks at the page before each frame is painted, and notes the text of the
 * element that shows the title, whenever it is another. Lists of titles heard do not count.
 */
export const TITLE_WATCH = `(() => {
  const shown = (globalThis.skywaveTitles = []);
  const wanted = new RegExp(${JSON.stringify(TITLE_PATTERN)});
  const all = (root) => [...root.querySelectorAll("*")].flatMap((element) => [
    ...(element.childElementCount === 0 && !element.closest("li, ol, ul, table") ? [element] : []),
    ...(element.shadowRoot ? all(element.shadowRoot) : []),
  ]);
  const isTitle = (element) =>
    element?.isConnected && wanted.test(element.textContent.trim()) &&
    element.getClientRects().length > 0;
  let element;
  const look = () => {
    if (!isTitle(element)) element = all(document).find(isTitle);
    const title = element?.textContent.trim();
    if (title && title !== shown.at(-1)?.title) {
      shown.push({ title, at: performance.timeOrigin + performance.now() });
    }
    requestAnimationFrame(look);
  };
  look();
})()`;
