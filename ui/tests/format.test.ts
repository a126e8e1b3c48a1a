// Every figure is written one way only: by these tables.
import { describe, expect, test } from 'vitest';

import * as f from '../src/lib/format';

/** Spaces of every kind as plain ones, so that the tables can be read. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const at = (text: string) => Date.parse(`${text}Z`);
const NOW = at('2026-11-22T19:42:00');

test.each([
  [0, '0'],
  [999, '999'],
  [48212, '48 212'],
  [1234567, '1 234 567'],
])('count %i', (n, text) => expect(plain(f.count(n))).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [5_242_880, '5.2 MB'],
  [9_960_000, '10 MB'],
  [512_000_000, '512 MB'],
  [999_600_000, '1 GB'],
  [1_300_000_000, '1.3 GB'],
  [1_600_000_000_000, '1.6 TB'],
])('bytes %i', (n, text) => expect(plain(f.bytes(n))).toBe(text));

test.each([
  [349_000_000, 512_000_000, '349 of 512 MB'],
  [511_999_999, 512_000_000, '511 of 512 MB'],
  [512_000_000, 512_000_000, '512 of 512 MB'],
  [400_000_000, 1_300_000_000, '0.4 of 1.3 GB'],
  [1_000_000_000, 1_900_000_000, '1.0 of 1.9 GB'],
  [0, 512_000_000, '0 of 512 MB'],
])('%i of %i bytes', (part, whole, text) => expect(plain(f.bytesOf(part, whole))).toBe(text));

test.each([
  [0, 100, 0],
  [999, 1000, 99],
  [1000, 1000, 100],
  [0, 0, 100],
])('percent %i of %i', (part, whole, n) => expect(f.percent(part, whole)).toBe(n));

test.each([
  [0, '0'],
  [50_000, '0.4'],
  [1_050_000, '8.4'],
  [10_500_000, '84'],
  [155_000_000, '1 240'],
])('%i bytes a second in Mb/s', (rate, text) => expect(plain(f.mbits(rate))).toBe(text));

test.each([
  [400, '0 s'],
  [41_000, '41 s'],
  [60_000, '1 min'],
  [71_000, '1 min 11 s'],
  [7_500_000, '2 h 5 min'],
  [273_600_000, '3 d 4 h'],
  [-5, '0 s'],
])('duration %i', (ms, text) => expect(plain(f.duration(ms))).toBe(text));

describe('moments', () => {
  test.each([
    ['2026-11-22T19:43:05', '19:43:05'],
    ['2026-11-22T22:43:05', '22:43'],
    ['2026-11-23T02:10:00', 'tomorrow 02:10'],
    ['2026-11-25T02:10:00', '25 Nov 02:10'],
    ['2027-01-02T02:10:00', '2 Jan 2027 02:10'],
  ])('landing at %s', (when, text) => expect(f.landing(at(when), NOW)).toBe(text));

  test.each([
    ['2026-11-22T00:00:00', 'Today'],
    ['2026-11-21T23:59:59', 'Yesterday'],
    ['2026-11-18T12:00:00', 'Wednesday 18 November'],
    ['2025-11-18T12:00:00', 'Tuesday 18 November 2025'],
  ])('the day of %s', (when, text) => expect(f.day(at(when), NOW)).toBe(text));
});

test.each([
  ['MKR_fire.mxf', 'MXF', 'video'],
  ['a.tar.gz', 'GZ', 'file'],
  ['take.WAV', 'WAV', 'audio'],
  ['.hidden', '', 'file'],
  ['<img src=x onerror=alert(1)>', '', 'file'],
  ['still.jpeg', 'JPEG', 'picture'],
])('%s ends in %s', (name, ending, kind) => {
  expect(f.ending(name)).toBe(ending);
  expect(f.kind(name)).toBe(kind);
});

test.each([
  ['/media/CARD_A001/', 'CARD_A001'],
  ['C:\\cards\\clip.mxf', 'clip.mxf'],
  ['clip.mxf', 'clip.mxf'],
  ['/', '/'],
])('last segment of %s', (path, name) => expect(f.lastSegment(path)).toBe(name));

test('a checksum is shown in groups, and as it is where it is none', () => {
  expect(f.checksumGroups('ofCTwnvkENg=')).toBe('a1f0 93c2 7be4 10d8');
  expect(f.checksumGroups('not base64!-12')).toBe('not base64!-12');
});

test('storage classes are read, not spelled', () => {
  expect(f.storageClass('INTELLIGENT_TIERING')).toBe('Intelligent-Tiering');
  expect(f.storageClass('STANDARD')).toBe('Standard');
  expect(f.storageClass('EXPRESS_ONEZONE')).toBe('Express onezone');
});
