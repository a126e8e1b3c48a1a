// How clips are laid out: days as headings, clips in rows below them, and which clip lies next to which. Pure.
import type { Clip } from './bindings';
import { day } from './format';

export type Shelf = { day: string } | { from: number; to: number };

/** The clips come newest first; each day begins a new row. */
export function shelves(clips: readonly Clip[], columns: number, now: number): Shelf[] {
  const rows: Shelf[] = [];
  let heading = '';
  for (let at = 0; at < clips.length;) {
    const label = day(clips[at]!.modified, now);
    if (label !== heading) rows.push({ day: (heading = label) });
    let to = at + 1;
    while (to < clips.length && to - at < columns && day(clips[to]!.modified, now) === label) to += 1;
    rows.push({ from: at, to });
    at = to;
  }
  return rows;
}

/** The row that holds the clip. */
export function shelfOf(rows: readonly Shelf[], clip: number): number {
  return rows.findIndex((row) => 'from' in row && row.from <= clip && clip < row.to);
}

/** How many clips on the one above (-1) or below (1) lies, in the same column as far as its row goes. */
export function stepTo(rows: readonly Shelf[], clip: number, direction: 1 | -1): number {
  const at = shelfOf(rows, clip);
  const here = rows[at];
  if (!here || !('from' in here)) return direction;
  for (let i = at + direction; i >= 0 && i < rows.length; i += direction) {
    const row = rows[i]!;
    if ('from' in row) return Math.min(row.from + (clip - here.from), row.to - 1) - clip;
  }
  return 0;
}
