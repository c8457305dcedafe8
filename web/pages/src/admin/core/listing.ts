import type { Row } from "./streams.js";

/** What the table is sorted by. */
export type SortKey = "station" | "title" | "owner" | "kbps" | "since" | "listeners" | "health";

export interface Sort {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

export interface Filter {
  /** Words that all occur in the station's name, show, host, title or owner. */
  readonly text: string;
  /** Only what does not do well. */
  readonly isTroubled: boolean;
}

const SEVERITY = { good: 0, fair: 1, bad: 2 } as const;
const words = new Intl.Collator("en", { sensitivity: "base", numeric: true });

/** The order in which a column is sorted at first: what is looked for comes first. */
export function firstSort(key: SortKey): Sort {
  return { key, isDescending: ["kbps", "listeners", "health"].includes(key) };
}

/** Of a column that is chosen (again): the first order, then the other one. */
export function nextSort(now: Sort, key: SortKey): Sort {
  return now.key === key ? { key, isDescending: !now.isDescending } : firstSort(key);
}

/** The title that plays: `Artist – Track`, or what there is of it. */
export function titleOf({ status }: Row): string {
  return [status.artistName, status.trackName].filter(Boolean).join(" – ");
}

/** The show and its host, what there is of it. */
export function showOf({ status }: Row): string {
  return [status.showTitle, status.hostName].filter(Boolean).join(" · ");
}

/** The rows that pass the filter. */
export function filtered(rows: readonly Row[], { text, isTroubled }: Filter): readonly Row[] {
  const wanted = plain(text).split(/\s+/).filter(Boolean);
  if (wanted.length === 0 && !isTroubled) return rows;
  return rows.filter((row) => {
    if (isTroubled && row.health.level === "good") return false;
    const all = plain(`${row.status.channelId} ${row.status.subject} ${showOf(row)} ${titleOf(row)}`);
    return wanted.every((word) => all.includes(word));
  });
}

/** The rows in order; equal ones by station. */
export function sorted(rows: readonly Row[], { key, isDescending }: Sort): readonly Row[] {
  const sign = isDescending ? -1 : 1;
  const compare = COMPARE[key];
  return [...rows].sort((a, b) => sign * compare(a, b) || COMPARE.station(a, b));
}

/**
 * The rows in the order that they had, so that nothing moves under a pointer or a focus:
 * what is gone is left out, and what is new comes last.
 *
 * @param order Stream ids, as they were.
 */
export function held(rows: readonly Row[], order: readonly number[]): readonly Row[] {
  const byId = new Map(rows.map((row) => [row.status.streamId, row]));
  const kept = order.map((id) => byId.get(id)).filter((row) => row !== undefined);
  for (const { status } of kept) byId.delete(status.streamId);
  return [...kept, ...byId.values()];
}

const COMPARE: Record<SortKey, (a: Row, b: Row) => number> = {
  station: (a, b) => words.compare(a.status.channelId, b.status.channelId),
  title: (a, b) => words.compare(titleOf(a), titleOf(b)),
  owner: (a, b) => words.compare(a.status.subject, b.status.subject),
  kbps: (a, b) => a.status.kbps - b.status.kbps,
  since: (a, b) => a.status.startedAt - b.status.startedAt,
  listeners: (a, b) => a.status.listeners - b.status.listeners,
  health: (a, b) => SEVERITY[a.health.level] - SEVERITY[b.health.level],
};

function plain(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
