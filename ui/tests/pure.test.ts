// The strip's shapes, the list's windowing, the shelves of clips, the shortening of names.
import { expect, test } from 'vitest';

import type { Run } from '../src/lib/bindings';
import { fitting } from '../src/lib/fit';
import { shelves, stepTo } from '../src/lib/shelf';
import { laneShade, stripPaths } from '../src/lib/strip';
import { edges, rowAt, scrollTo, visible } from '../src/lib/windowing';
import { clip } from './stub';

const NOW = Date.parse('2026-11-22T19:42:00Z');

test('parts are set apart where there is room, and end where the strip ends', () => {
  const runs: Run[] = [
    { is: 'acked', lane: 1, n: 2 },
    { is: 'open', lane: 0, n: 2 },
  ];
  expect(stripPaths(runs, 40, 14)).toEqual([
    { shade: 'lane1', d: 'M0 0h9v14h-9zM10 0h9v14h-9z' },
    { shade: 'open', d: 'M20 0h9v14h-9zM30 0h10v14h-10z' },
  ]);
});

test('many parts are drawn as runs', () => {
  const runs: Run[] = [
    { is: 'acked', lane: 2, n: 150 },
    { is: 'inFlight', lane: 2, n: 50 },
  ];
  expect(stripPaths(runs, 100, 14)).toEqual([
    { shade: 'lane2', d: 'M0 0h75v14h-75z' },
    { shade: 'flying', d: 'M75 0h25v14h-25z' },
  ]);
  expect(stripPaths([], 100, 14)).toEqual([]);
});

test('lanes have three colours, and an unknown one has the first', () => {
  expect([0, 1, 2, 3, 4].map(laneShade)).toEqual(['lane1', 'lane1', 'lane2', 'lane3', 'lane1']);
});

test('only the rows that are seen are drawn, whatever their heights', () => {
  const tops = edges(10_000, (i) => (i === 3 ? 100 : 60));
  expect(tops[10_000]).toBe(600_040);
  const seen = visible(tops, 6040, 600, 0);
  expect(seen).toMatchObject({ from: 100, before: 6040 });
  expect(seen.to - seen.from).toBeLessThan(13);
  expect(seen.before + seen.after + (tops[seen.to]! - tops[seen.from]!)).toBe(600_040);
  expect(rowAt(tops, 250)).toBe(3);
  expect(
    visible(
      edges(0, () => 60),
      0,
      600,
    ),
  ).toEqual({ from: 0, to: 0, before: 0, after: 0 });
});

test('scrolling goes no further than it must', () => {
  const tops = edges(100, () => 60);
  expect(scrollTo(tops, 50, 0, 600)).toBe(51 * 60 - 600);
  expect(scrollTo(tops, 0, 600, 600)).toBe(0);
  expect(scrollTo(tops, 12, 600, 600)).toBe(600);
});

test('each day begins a row of its own; up and down keep the column', () => {
  const day = 86_400_000;
  const clips = [0, 1, 2, 3, 4].map((n) => clip(n, NOW - n)).concat([5, 6].map((n) => clip(n, NOW - day - n)));
  const rows = shelves(clips, 3, NOW);
  expect(rows).toEqual([
    { day: 'Today' },
    { from: 0, to: 3 },
    { from: 3, to: 5 },
    { day: 'Yesterday' },
    { from: 5, to: 7 },
  ]);
  expect(stepTo(rows, 1, 1)).toBe(3);
  expect(stepTo(rows, 2, 1)).toBe(2);
  expect(stepTo(rows, 4, 1)).toBe(2);
  expect(stepTo(rows, 6, -1)).toBe(-2);
  expect(stepTo(rows, 0, -1)).toBe(0);
});

test('a name loses its middle only where it must', () => {
  const measure = (text: string) => text.length * 10;
  expect(fitting('harbour_aer', 'ials.mp4', 200, measure)).toBe(11);
  expect(fitting('harbour_aerials_gra', 'ded.mp4', 150, measure)).toBe(6);
  expect(fitting('harbour', '.mp4', 0, measure)).toBe(7);
  expect(fitting('harbour', '.mp4', 10, measure)).toBe(0);
});
