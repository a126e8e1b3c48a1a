// The window's state follows what it is told: whole rows, the last one wins.
import { beforeEach, expect, test, vi } from 'vitest';

import type { Status } from '../src/lib/bindings';
import { Drops } from '../src/lib/state/drops.svelte';
import { Footage } from '../src/lib/state/footage.svelte';
import { hear } from '../src/lib/state/hear';
import { notices } from '../src/lib/state/notices.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import { questions } from '../src/lib/state/questions.svelte';
import { Selection } from '../src/lib/state/selection.svelte';
import { Transfers } from '../src/lib/state/transfers.svelte';
import { clip, DONE, no, ok, row, stub, update, type Stub } from './stub';

let engine: Stub;
beforeEach(async () => {
  engine = stub();
  await profiles.load();
});

const error = { code: 'offline' as const, message: 'No network.', detail: '' };

test('a whole update replaces, a later one puts in and takes out', () => {
  const transfers = new Transfers();
  transfers.apply(update([row(1), row(2)], { whole: true }));
  expect(transfers.order).toEqual([1, 2]);
  transfers.apply(update([row(3), row(2, { state: 'running' }, { acked: 400_000_000 })]));
  expect(transfers.order).toEqual([1, 2, 3]);
  expect(transfers.row(2)?.acked).toBe(400_000_000);
  transfers.apply(update([], { gone: [1] }));
  expect(transfers.order).toEqual([2, 3]);
  transfers.apply(update([row(9)], { whole: true }));
  expect(transfers.order).toEqual([9]);
  expect(transfers.row(2)).toBeUndefined();
});

test('who needs somebody comes first, then what moves, will move, rests, and has ended newest first', () => {
  const transfers = new Transfers();
  const states: Status[] = [
    DONE,
    { state: 'paused' },
    { state: 'waiting', why: 'offline', until: 5, error },
    { state: 'running' },
    { state: 'failed', error },
    { state: 'queued' },
    { state: 'waiting', why: 'credentials', until: null, error },
    { state: 'cancelled' },
    { state: 'finishing' },
  ];
  const rows = states.map((status, i) => row(i, status, status.state === 'cancelled' ? { endedAt: 99_000 } : {}));
  transfers.apply(update(rows, { whole: true }));
  expect(transfers.order).toEqual([4, 6, 3, 8, 2, 5, 1, 7, 0]);
  expect(transfers.underWay).toBe(4);
  expect(transfers.ended()).toEqual([7, 0]);
  transfers.apply(update([row(3, DONE, { endedAt: 100_000 })]));
  expect(transfers.order).toEqual([4, 6, 8, 2, 5, 1, 3, 7, 0]);
});

test('an order that did not change is the same order, so that the list is not laid out anew', () => {
  const transfers = new Transfers();
  transfers.apply(update([row(1), row(2)], { whole: true }));
  const { order } = transfers;
  transfers.apply(update([row(2, { state: 'running' }, { acked: 500_000_000 })]));
  expect(transfers.order).toBe(order);
});

test('an action is asked only of the rows that allow it', async () => {
  const transfers = new Transfers();
  transfers.apply(update([row(1), row(2, { state: 'paused' }), row(3, DONE)], { whole: true }));
  await transfers.act('pause', [1, 2, 3]);
  expect(engine.act).toHaveBeenCalledWith('pause', [1]);
  await transfers.act('retry', [1, 2, 3]);
  expect(engine.act).toHaveBeenCalledTimes(1);
});

test('a row that is gone is not chosen any more', () => {
  const transfers = new Transfers();
  transfers.apply(update([row(1), row(2)], { whole: true }));
  transfers.selection.all(transfers.order);
  transfers.apply(update([], { gone: [2] }));
  expect([...transfers.selection.ids]).toEqual([1]);
});

test('the selection goes by row, by stretch and by hand', () => {
  const selection = new Selection<number>();
  const order = [5, 4, 3, 2, 1];
  expect(selection.move(order, 1)).toBe(0);
  selection.move(order, 1, true);
  selection.move(order, 1, true);
  expect(selection.inOrder(order)).toEqual([5, 4, 3]);
  selection.move(order, -1, true);
  expect(selection.inOrder(order)).toEqual([5, 4]);
  selection.click(order, 1, { shiftKey: false, ctrlKey: true, metaKey: false });
  expect(selection.inOrder(order)).toEqual([5, 4, 1]);
  selection.click(order, 3, { shiftKey: true, ctrlKey: false, metaKey: false });
  expect(selection.inOrder(order)).toEqual([3, 2, 1]);
  expect(selection.move(order, 100)).toBe(4);
});

test('being stuck is said until an update comes', () => {
  hear({ told: 'stuck', error });
  expect(notices.stuck).toEqual(error);
  hear({ told: 'update', update: update([], { whole: true }) });
  expect(notices.stuck).toBeNull();
});

test('dragging is followed in every view', async () => {
  const { drops } = await import('../src/lib/state/drops.svelte');
  hear({ told: 'dragOver', at: { x: 5, y: 6 } });
  expect(drops.over).toEqual({ x: 5, y: 6 });
  hear({ told: 'dragLeft' });
  expect(drops.over).toBeNull();
});

test('a drop that is asked nothing goes at once', async () => {
  await new Drops().drop(['/a.mxf']);
  expect(engine.addFiles).toHaveBeenCalledWith({
    profile: 'Nairobi bureau',
    paths: ['/a.mxf'],
    place: { by: 'template', fields: {} },
    hurry: { breaking: false, by: null },
  });
});

test('several drops are asked one after the other, each with the newest answers', async () => {
  engine.dropAsks.mockResolvedValueOnce(ok({ asks: ['bureau', 'slug', 'name'], last: { slug: 'Old' } }));
  engine.dropAsks.mockResolvedValueOnce(ok({ asks: ['slug'], last: { slug: 'Fire' } }));
  const drops = new Drops();
  const first = drops.drop(['/a.mxf']);
  const second = drops.drop(['/b.mxf', '/c.mxf']);
  await vi.waitFor(() => expect(questions.current?.last.slug).toBe('Old'));
  expect(questions.current?.asks).toEqual(['slug']);
  const asked = questions.current;
  questions.answer(asked, { fields: { slug: 'Fire' }, hurry: { breaking: false, by: null } });
  questions.answer(asked, null);
  await first;
  await vi.waitFor(() => expect(questions.current?.last.slug).toBe('Fire'));
  questions.answer(questions.current, null);
  await second;
  expect(engine.addFiles).toHaveBeenCalledTimes(1);
  expect(questions.current).toBeNull();
});

test('a drop without a newsroom is held until there is one', async () => {
  engine.profiles.mockResolvedValueOnce(ok([]));
  await profiles.load();
  const drops = new Drops();
  await drops.drop(['/a.mxf']);
  expect(engine.dropAsks).not.toHaveBeenCalled();
  expect(drops.held).toHaveLength(1);
  await profiles.load();
  await drops.release();
  expect(engine.addFiles).toHaveBeenCalledTimes(1);
  expect(drops.held).toHaveLength(0);
});

test('files that are refused or left out are said', async () => {
  engine.addFiles.mockResolvedValueOnce(no({ message: 'The file is not there. Choose it again.' }));
  const drops = new Drops();
  await drops.drop(['/a.mxf']);
  expect(notices.complaints.at(-1)?.trouble.message).toBe('The file is not there. Choose it again.');
  engine.addFiles.mockResolvedValueOnce(ok({ batch: 1, transfers: [1], leftOut: 2 }));
  await drops.drop(['/card']);
  expect(notices.toasts.at(-1)?.title.replace('\u00a0', ' ')).toBe('2 files were left out');
});

test('a call that breaks is trouble, not a crash', async () => {
  engine.act.mockRejectedValueOnce(new Error('the pipe is gone'));
  await notices.ask((commands) => commands.act('pause', [1]));
  expect(notices.complaints.at(-1)?.trouble).toMatchObject({ code: 'internal', detail: 'Error: the pipe is gone' });
});

const page = (clips: ReturnType<typeof clip>[], given = {}) =>
  ok({
    clips,
    matching: clips.length,
    total: clips.length,
    bureaus: 1,
    asOf: 1,
    partial: false,
    trouble: null,
    ...given,
  });

test('footage is asked for page by page, and anew when the bucket changed', async () => {
  const all = Array.from({ length: 450 }, (_, n) => clip(n, 1_000_000 - n));
  engine.footage.mockImplementation(async ({ offset, limit }) =>
    page(all.slice(offset, offset + limit), { matching: all.length }),
  );
  const footage = new Footage();
  footage.hear(1);
  expect(engine.footage).not.toHaveBeenCalled();
  footage.open();
  await vi.waitFor(() => expect(footage.clips).toHaveLength(200));
  await footage.more();
  expect(footage.clips).toHaveLength(400);
  all.unshift(clip(900, 2_000_000));
  footage.hear(2);
  await vi.waitFor(() => expect(footage.clips[0]?.key).toBe('Lagos/clip_900.mp4'));
  expect(footage.clips).toHaveLength(400);
  expect(footage.isNew(footage.clips[0]!)).toBe(true);
  expect(footage.isNew(footage.clips[1]!)).toBe(false);
  footage.selection.only('Lagos/clip_900.mp4');
  footage.selected();
  expect(footage.isNew(footage.clips[0]!)).toBe(false);
});

test('an answer to an older search is dropped', async () => {
  vi.useFakeTimers();
  const footage = new Footage();
  let answerFirst: (answer: unknown) => void = () => {};
  engine.footage.mockImplementationOnce(() => new Promise((answer) => (answerFirst = answer)));
  engine.footage.mockImplementation(async () => page([clip(2, 5)]));
  footage.search('first');
  await vi.advanceTimersByTimeAsync(200);
  footage.search('second');
  await vi.advanceTimersByTimeAsync(200);
  answerFirst(page([clip(1, 5)]));
  await vi.advanceTimersByTimeAsync(10);
  vi.useRealTimers();
  expect(engine.footage.mock.calls.map(([query]) => query.text)).toEqual(['first', 'second']);
  expect(footage.clips.map((one) => one.name)).toEqual(['clip_2.mp4']);
});
