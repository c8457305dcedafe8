/**
 * An expression that gives the middle of an element on the screen, in CSS pixels, once it is
 * there and can be pressed. It is looked for in shadow trees too: by a CSS selector, and by
 * its accessible name or text as a regular expression.
 */
export function place(selector: string, name: string, withinMs = 20_000): string {
  return `(async () => {
    const wanted = new RegExp(${JSON.stringify(name)}, "i");
    const named = (element) =>
      wanted.test((element.getAttribute("aria-label") ?? element.textContent).trim());
    const all = (root) => [...root.querySelectorAll("*")].flatMap((element) => [
      ...(element.matches(${JSON.stringify(selector)}) ? [element] : []),
      ...(element.shadowRoot ? all(element.shadowRoot) : []),
    ]);
    const deadline = performance.now() + ${withinMs};
    for (;;) {
      const found = all(document).find((element) =>
        named(element) && !element.disabled && element.getClientRects().length > 0);
      if (found) {
        found.scrollIntoView({ block: "center", behavior: "instant" });
        const { x, y, width, height } = found.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      }
      if (performance.now() > deadline) {
        const there = all(document).map((element) =>
          element.getAttribute("aria-label") ?? element.textContent.trim());
        throw new Error("no ${selector} named " + wanted + " among " + JSON.stringify(there));
      }
      await new Promise(requestAnimationFrame);
    }
  })()`;
}
