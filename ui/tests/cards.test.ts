// A camera card in the list: one row that is what its files are, and opens to them.
import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

import type { Status, TransferRow } from '../src/lib/bindings';
import { cardRow, stripOf } from '../src/lib/cards';
import { transfers } from '../src/lib/state/transfers.svelte';
import Transfers from '../src/views/Transfers.svelte';
import { DONE, row, stub, update, type Stub } from './stub';

const CARD = { batch: 7, kind: 'p2' as const, name: 'A001 <b>', clips: 2 };
const error = { code: 'sourceChanged' as const, message: 'It changed. Send it again.', detail: 'x' };

let engine: Stub;
beforeEach(() => {
  engine = stub();
  transfers.selection.none();
  transfers.selection.active = null;
  transfers.apply(update([], { whole: true }));
  transfers.open(-7, false);
});

const file = (id: number, status: Status = { state: 'running' }, given: Partial<TransferRow> = {}) =>
  row(id, status, {
    batch: 7,
    card: CARD,
    key: `Nairobi/A001/CONTENTS/VIDEO/${id}.MXF`,
    shown: `Nairobi/A001/CONTENTS/VIDEO/${id}.MXF`,
    name: `${id}.MXF`,
    ...given,
  });

function show(...rows: TransferRow[]) {
  transfers.apply(update(rows, { whole: true }));
  return render(Transfers);
}

const rows = () => screen.queryAllByTestId('transfer-row');
const ids = () => rows().map((one) => Number(one.dataset.id));

test('a card is the sum of its files, and as bad as the worst of them', () => {
  const one = cardRow([
    file(1, DONE, { size: 100, acked: 100 }),
    file(2, { state: 'running' }, { size: 300, acked: 60, rate: 5, eta: 9, partsInFlight: 2 }),
  ]);
  expect(one).toMatchObject({
    id: -7,
    name: 'A001 <b>',
    state: 'running',
    size: 400,
    acked: 160,
    rate: 5 + 10_500_000,
  });
  expect(one.key).toBe('Nairobi/A001/CONTENTS/VIDEO/');
  expect(one.files).toEqual({ count: 2, done: 1 });
  expect(one.can).toMatchObject({ pause: true, cancel: true, forget: false });

  const bad = cardRow([file(1), file(2, { state: 'failed', error }), file(3, { state: 'paused' })]);
  expect(bad).toMatchObject({ state: 'failed', error: { message: '2.MXF: It changed. Send it again.' } });
  expect(bad.can).toMatchObject({ pause: true, resume: true, retry: true });
});

test('a card is proved as far as the least of its files is', () => {
  const least = { state: 'done' as const, proof: { by: 'eachPart' as const, algorithm: 'MD5' }, gained: null };
  expect(cardRow([file(1, DONE), file(2, least), file(3, DONE)])).toMatchObject({
    state: 'done',
    proof: { by: 'eachPart' },
  });
});

test('the strip of a card shows its files by their bytes', () => {
  const there = file(1, DONE, { size: 300, parts: 3, strip: [{ is: 'acked', lane: 2, n: 1 }] });
  const open = file(2, { state: 'queued' }, { size: 100, parts: 1, strip: [{ is: 'open', lane: 0, n: 1 }] });
  expect(stripOf([there, open], 400)).toEqual([
    { is: 'acked', lane: 2, n: 3 },
    { is: 'open', lane: 0, n: 1 },
  ]);
  expect(stripOf([file(1, DONE, { size: 0, parts: 1 })], 0)).toHaveLength(1);
});

test('one row for a card, beside others; its name is text', () => {
  show(file(1), file(2, { state: 'queued' }), row(3));
  expect(ids().sort()).toEqual([-7, 3]);
  const card = rows().find((one) => one.dataset.id === '-7')!;
  expect(card.querySelector('b b')).toBeNull();
  expect(card).toHaveTextContent('P2 card · 2 clips');
  expect(card).toHaveAttribute('aria-expanded', 'false');
  expect(within(card).getByRole('progressbar')).toHaveAccessibleName('Files of A001 <b>');
});

test('it opens to its files and closes again, by button and by key', async () => {
  const user = userEvent.setup();
  show(file(1), file(2));
  await user.click(screen.getByTestId('row-files'));
  expect(ids()).toEqual([-7, 1, 2]);
  expect(rows().map((one) => one.getAttribute('aria-level'))).toEqual(['1', '2', '2']);
  await user.keyboard('{ArrowDown}{ArrowLeft}{ArrowLeft}');
  expect(ids()).toEqual([-7]);
  await user.keyboard('{ArrowRight}');
  expect(ids()).toEqual([-7, 1, 2]);
});

test('what is asked of a card is asked of all its files that allow it', async () => {
  const user = userEvent.setup();
  show(file(1), file(2, DONE), file(3, { state: 'queued' }));
  screen.getByRole('treegrid').focus();
  await user.keyboard('{ArrowDown} ');
  expect(engine.act).toHaveBeenLastCalledWith('pause', [1, 3]);
  await user.keyboard('{Enter}');
  expect(engine.reveal).toHaveBeenLastCalledWith(1);
  await user.keyboard('{Delete}');
  expect(screen.getByTestId('confirm')).toHaveTextContent('Cancel this card?');
  await user.click(screen.getByTestId('confirm-yes'));
  expect(engine.act).toHaveBeenLastCalledWith('cancel', [1, 3]);
});

test('a card with its last file goes; it is cleared as one', async () => {
  show(file(1, DONE), file(2, DONE));
  expect(rows()[0]).toHaveTextContent('Verified');
  await userEvent.click(screen.getByTestId('clear-finished'));
  expect(engine.act).toHaveBeenLastCalledWith('forget', [1, 2]);
  transfers.apply(update([], { gone: [1] }));
  expect(transfers.row(-7)?.files).toEqual({ count: 1, done: 1 });
  transfers.apply(update([], { gone: [2] }));
  expect(transfers.order).toEqual([]);
});

test('of a card of ten thousand files one row is drawn, and only what is seen of it when it is open', async () => {
  show(...Array.from({ length: 10_000 }, (_, i) => file(i + 1, { state: 'queued' })));
  expect(ids()).toEqual([-7]);
  await userEvent.click(screen.getByTestId('row-files'));
  expect(rows().length).toBeLessThan(40);
  expect(screen.getByRole('treegrid')).toHaveAttribute('aria-rowcount', '10001');
});
