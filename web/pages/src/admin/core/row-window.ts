/** Rows that are rendered before and after those in sight. */
const OVERSCAN = 6;

/** Which rows of a long table are rendered: from `first` up to, not including, `end`. */
export interface RowWindow {
  readonly first: number;
  readonly end: number;
}

/**
 * The rows in sight and some around them.
 *
 * @param above px of the table's body that are above the upper edge of what is in sight;
 * negative while it begins below.
 * @param height px in sight.
 * @param rowHeight px of every row.
 */
export function rowWindow(
  count: number,
  above: number,
  height: number,
  rowHeight: number,
): RowWindow {
  const clamp = (row: number): number => Math.min(count, Math.max(0, row));
  const first = clamp(Math.floor(above / rowHeight) - OVERSCAN);
  const end = clamp(Math.ceil((above + height) / rowHeight) + OVERSCAN);
  return { first: Math.min(first, end), end };
}
