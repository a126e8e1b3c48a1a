// What rows and the head of the list say, by state.
import { describe, expect, test } from 'vitest';

import type { ReceiptState, Status, TransferRow } from '../src/lib/bindings';
import { NO_TOTALS } from '../src/lib/state/transfers.svelte';
import {
  cancelQuestion,
  landingLines,
  progressLine,
  receiptLine,
  statusTag,
  subLine,
  totalsSentence,
} from '../src/lib/words';
import { DONE, row } from './stub';

const NOW = Date.parse('2026-11-22T19:41:54Z');
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const error = { code: 'offline' as const, message: 'No network. It goes on by itself.', detail: '' };

test.each([
  [{}, 'Nothing is on its way'],
  [{ doneToday: 3 }, 'Nothing is on its way · 3 done today'],
  [{ goingUp: 3, doneToday: 1, bytesLeft: 1.4e9 }, '3 going up · 1 done today · 1.4 GB left'],
  [{ comingDown: 1, waiting: 2, paused: 1, needsYou: 1 }, '1 coming down · 2 waiting · 1 paused · 1 needs you'],
  [{ needsYou: 2, goingUp: 3333 }, '3 333 going up · 2 need you'],
])('totals %o', (given, text) => expect(plain(totalsSentence({ ...NO_TOTALS, ...given }))).toBe(text));

const safe = (remark: string | null): ReceiptState => ({ state: 'safe', path: '/card/ascmhl/1.mhl', at: NOW, remark });
test.each([
  [{ state: 'none' } as const, undefined, undefined, undefined],
  [
    { state: 'checking', read: 0, of: 0 } as const,
    'Checking the card',
    'moving',
    'It is read again. Do not wipe it yet',
  ],
  [
    { state: 'checking', read: 2_000_000_000, of: 64_000_000_000 } as const,
    'Checking the card',
    'moving',
    'It is read again: 2\u00a0GB of 64\u00a0GB. Do not wipe it yet',
  ],
  [safe(null), 'Safe to wipe this card', 'ok', ''],
  [safe('The card is write-protected.'), 'Safe to wipe this card', 'ok', 'The card is write-protected.'],
  [{ state: 'trouble', sentence: 'a.mxf is gone.' } as const, 'Do not wipe this card', 'needs', 'a.mxf is gone.'],
])('receipt %o', (receipt, word, tone, rest) => {
  const line = receiptLine(receipt);
  expect([line?.word, line?.tone, line?.rest]).toEqual([word, tone, rest]);
});

const proofs: [Status, string, string, string][] = [
  [DONE, 'Verified', 'ok', 'Checksum matches the bucket · CRC64NVME'],
  [
    { state: 'done', proof: { by: 'eachPart', algorithm: 'MD5' } },
    'Verified',
    'ok',
    'Each part checked on arrival · MD5',
  ],
  [{ state: 'done', proof: { by: 'lengthOnly' } }, 'Done', 'quiet', 'Length matches; the bucket has no checksum'],
];

test.each(proofs)('%o says how far it is proved', (status, word, tone, sentence) => {
  expect(statusTag(row(1, status))).toMatchObject({ word, tone });
  expect(progressLine(row(1, status)).rest).toBe(sentence);
  expect(plain(progressLine(row(1, status)).right)).toBe('41 s');
  expect(plain(landingLines(row(1, status), NOW).below)).toBe('100 Mb/s average');
});

describe('every state has a word and a tone', () => {
  const cases: [TransferRow, string, string][] = [
    [row(1), 'Going up', 'moving'],
    [row(1, { state: 'running' }, { direction: 'down' }), 'Coming down', 'moving'],
    [row(1, { state: 'queued' }), 'In line', 'quiet'],
    [row(1, { state: 'finishing' }), 'Checking', 'moving'],
    [row(1, { state: 'waiting', why: 'offline', until: NOW, error }), 'Waiting', 'quiet'],
    [row(1, { state: 'waiting', why: 'credentials', until: null, error }), 'Needs you', 'needs'],
    [row(1, { state: 'paused' }), 'Paused', 'quiet'],
    [row(1, { state: 'cancelling' }), 'Cancelling', 'quiet'],
    [row(1, { state: 'cancelled' }), 'Cancelled', 'quiet'],
    [row(1, { state: 'failed', error }), 'Needs you', 'needs'],
  ];
  test.each(cases)('%#', (one, word, tone) => expect(statusTag(one)).toMatchObject({ word, tone }));
});

const line = (given: Partial<TransferRow>, status?: Status) => {
  const { strong, rest, right } = progressLine(row(1, status, given));
  return plain([strong, rest, right].filter(Boolean).join(' | '));
};

test('progress tells what S3 answered for, and what was kept', () => {
  expect(line({})).toBe('68 % | 349 of 512 MB sent and checked | 14 parts in flight');
  expect(line({ direction: 'down', partsInFlight: 1 })).toBe('68 % | 349 of 512 MB received | 1 part in flight');
  expect(line({ kept: 107e6 })).toBe(
    '68 % | 349 of 512 MB sent and checked · 107 MB kept from before | 14 parts in flight',
  );
  expect(line({ kept: 349e6 }, { state: 'paused' })).toBe('68 % | 349 of 512 MB kept from before');
  expect(line({ acked: 0 }, { state: 'failed', error })).toBe('Nothing of it is sent yet');
});

const times = (given: Partial<TransferRow>, status?: Status) => {
  const { main, below } = landingLines(row(1, status, given), NOW);
  return plain([main, below].join(' | '));
};

test('a clock time first, then what goes with it', () => {
  expect(times({ eta: NOW + 16_000 })).toBe('19:42:10 | in 16 s · 84 Mb/s');
  expect(times({ eta: NOW + 16_000, rate: 0, yields: true })).toBe('19:42:10 | in 16 s');
  expect(times({ eta: null })).toBe('84 Mb/s | 163 MB left');
  expect(times({}, { state: 'waiting', why: 'offline', until: NOW + 71_000, error })).toBe(
    '19:43:05 | tries again in 1 min 11 s',
  );
  expect(times({}, { state: 'paused' })).toBe(' | 163 MB left');
  expect(times({ endedAt: Date.parse('2026-11-22T19:31:00Z'), kept: 5 }, DONE)).toBe('19:31 | ');
});

test('a recording says how much there is so far, and promises no end', () => {
  const recording: Partial<TransferRow> = { recording: true, size: 312e6, acked: 290e6, eta: null, story: '' };
  expect(plain(subLine(row(1, undefined, recording)))).toBe('Recording: 312 MB so far');
  expect(line(recording)).toBe('290 MB sent and checked, the rest as it is written | 14 parts in flight');
  expect(statusTag(row(1, undefined, recording)).word).toBe('Recording');
  expect(times(recording)).toBe('84 Mb/s | 22 MB left');
});

test('a download that is done says so', () => {
  expect(plain(subLine(row(1, DONE, { direction: 'down' })))).toBe('Downloaded · 512 MB');
  expect(plain(subLine(row(1, DONE, { story: '' })))).toBe('512 MB');
});

test('the question before a cancel says what goes and what stays', () => {
  expect(cancelQuestion([row(1)]).text).toBe(
    'What was sent is taken back from the bucket. The files on this computer stay.',
  );
  const two = cancelQuestion([row(1), row(2, { state: 'paused' }, { direction: 'down' })]);
  expect(plain(two.title)).toBe('Cancel 2 transfers?');
  expect(two.text).toMatch(/bucket\. .* The clips in the bucket stay\.$/);
});
