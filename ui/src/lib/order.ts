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

/** Where a row stands: its group, then a figure that rises down the list. */
export type Rank = readonly [Group, number];

export function rankOf(row: TransferRow): Rank {
  const group = groupOf(row);
  // The ended ones newest first, all others as they were added.
  return [group, group === Group.ended ? -(row.endedAt ?? row.addedAt) : row.id];
}

export function compareRanks(a: Rank, b: Rank): number {
  return a[0] - b[0] || a[1] - b[1];
}
