// The order of the list of transfers: what needs somebody, what moves, what will move, what rests, what has ended.
// Pure; knows rows only.
import type { TransferRow } from './bindings';

export const Group = { needsYou: 0, active: 1, next: 2, paused: 3, ended: 4 } as const;
export type Group = (typeof Group)[keyof typeof Group];

/** Nothing goes on until somebody does something. */
export function needsYou(row: TransferRow): boolean {
  return row.state === 'failed' || (row.state === 'waiting' && row.until === null);
}

export function groupOf(row: TransferRow): Group {
  if (needsYou(row)) return Group.needsYou;
  switch (row.state) {
    case 'running':
    case 'finishing':
      return Group.active;
    case 'paused':
      return Group.paused;
    case 'done':
    case 'cancelled':
      return Group.ended;
    default:
      return Group.next;
  }
}

/** Where a row stands: its group, and figures that rise down the list, the first that differs decides. */
export type Rank = readonly [group: Group, ...figures: number[]];

export function rankOf(row: TransferRow): Rank {
  const group = groupOf(row);
  // The ended ones newest first.
  if (group === Group.ended) return [group, -(row.endedAt ?? row.addedAt)];
  // The others as they are finished: breaking, then the nearest deadline. Of those that wait in line, then what has
  // begun, then the shortest; what moves keeps its place while it moves.
  const hurry = [row.breaking ? 0 : 1, row.due?.at ?? Infinity];
  const line = group === Group.next ? [row.startedAt === null ? 1 : 0, row.size - row.acked] : [];
  return [group, ...hurry, ...line, row.id];
}

export function compareRanks(a: Rank, b: Rank): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  }
  return 0;
}

/** The order after the places of `moved` changed, of which those that are gone have no rank any more. Takes time for
    what moved, and hardly any for what did not: very many may be in line. */
export function reorder(
  order: readonly number[],
  moved: ReadonlySet<number>,
  ranks: ReadonlyMap<number, Rank>,
): number[] {
  const compare = (a: number, b: number) => compareRanks(ranks.get(a)!, ranks.get(b)!) || a - b;
  const coming = [...moved].filter((id) => ranks.has(id)).sort(compare);
  const merged: number[] = [];
  let at = 0;
  for (const id of order) {
    if (moved.has(id)) continue;
    while (at < coming.length && compare(coming[at]!, id) < 0) merged.push(coming[at++]!);
    merged.push(id);
  }
  return merged.concat(coming.slice(at));
}
