// The ways to the bucket in words and groups, for the sheet that lists them. Pure.
import type { LaneTest, RouteTest, WayRow } from './bindings';
import { count, rate } from './format';

const NB = '\u00a0';
const NONE = '–';

export type WayTone = 'moving' | 'needs' | 'quiet';

/** Which state it is in, and why, in words. */
export function stateOf(way: WayRow, anyCarries: boolean): { word: string; tone: WayTone; why: string } {
  switch (way.state) {
    case 'carries':
      return { word: 'Carries', tone: 'moving', why: '' };
    case 'testing':
      return { word: 'Tested now', tone: 'moving', why: '' };
    case 'dead':
      return {
        word: 'Not reached',
        tone: 'needs',
        why: 'It does not answer. It is asked again and again, and taken as soon as it does.',
      };
    case 'closed':
      return { word: 'Closed', tone: 'quiet', why: way.why ?? '' };
    case 'standby':
      return {
        word: 'Stands by',
        tone: 'quiet',
        why: anyCarries ? 'Taken when it adds to what the others carry.' : '',
      };
  }
}

export type Group = { name: string; ways: readonly WayRow[] };

/** By network, as they come; those that are closed are of none and stand last. */
export function grouped(ways: readonly WayRow[]): Group[] {
  const groups = new Map<string, WayRow[]>();
  for (const way of ways.filter((one) => one.state !== 'closed')) {
    groups.set(way.uplink, [...(groups.get(way.uplink) ?? []), way]);
  }
  const closed = ways.filter((one) => one.state === 'closed');
  const all = Array.from(groups, ([name, own]) => ({ name, ways: own }));
  return closed.length > 0 ? [...all, { name: 'Not open', ways: closed }] : all;
}

/** A key for a row: closed ones have no lane. */
export const keyOf = (way: WayRow) => `${way.lane ?? ''} ${way.kind}`;

export function millis(ms: number | null): string {
  return ms === null ? NONE : `${count(ms)}${NB}ms`;
}

/** Dollars a gigabyte. What a store of one's own costs, no table knows. */
export function price(way: WayRow, direction: 'priceUp' | 'priceDown'): string {
  return way.kind === 'endpoint' ? NONE : String(Number((way[direction] ?? 0).toFixed(4)));
}

/** How far a test is: which of the lanes it tries. */
export function progress(ways: readonly WayRow[]): { at: number; of: number; name: string } {
  const open = ways.filter((way) => way.state !== 'closed');
  const at = open.findIndex((way) => way.state === 'testing');
  const way = open[at];
  return { at: at + 1, of: open.length, name: way ? nameOf(way, open) : '' };
}

/** With its network, where there are several; that may be long, and is cut off. */
export function nameOf(lane: { uplink: string; route: string }, all: readonly { uplink: string }[]): string {
  return all.every((one) => one.uplink === lane.uplink) ? lane.route : `${lane.route} · ${lane.uplink}`;
}

export type Result = { name: string; figure: string; more: string; best: boolean; failed: boolean };

/** What a test found, lane by lane: the rate, or the first byte where nothing was read. */
export function results(test: RouteTest): Result[] {
  const fastest = Math.max(0, ...test.lanes.map((lane) => lane.rate ?? 0));
  return test.lanes.map((lane) => ({
    name: nameOf(lane, test.lanes),
    figure: figureOf(lane),
    more: lane.trouble ?? `Connect ${millis(lane.connectMs)}, first byte ${millis(lane.firstByteMs)}`,
    best: test.lanes.length > 1 && lane.trouble === null && lane.rate !== null && lane.rate === fastest,
    failed: lane.trouble !== null,
  }));
}

function figureOf(lane: LaneTest): string {
  if (lane.trouble !== null) return 'failed';
  return lane.rate === null ? millis(lane.firstByteMs) : rate(lane.rate);
}
