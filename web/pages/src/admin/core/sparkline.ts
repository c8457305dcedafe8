/** A sparkline in a box of this many units, y downwards. */
export interface Box {
  readonly width: number;
  readonly height: number;
}

/**
 * The `d` of an SVG path through values spread evenly over a box, oldest at the left, from
 * zero at the bottom to `top`. Where a value is not known the line has a gap; a value
 * between two gaps is a short dash.
 */
export function sparkline(
  values: readonly (number | undefined)[],
  top: number,
  { width, height }: Box,
): string {
  const step = width / Math.max(1, values.length - 1);
  const scale = height / Math.max(1, top);
  let path = "";
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === undefined) {
      isDrawing = false;
      return;
    }
    const x = round(index * step);
    const y = round(height - value * scale);
    path += isDrawing ? `L${x} ${y}` : `M${x} ${y}h${index === 0 ? 0.5 : -0.5}`;
    if (!isDrawing) path += `M${x} ${y}`;
    isDrawing = true;
  });
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
