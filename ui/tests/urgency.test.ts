// What hurries, whether it lands in time, what the link may be used for, and where to sign in.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import DropOverlay from '../src/components/DropOverlay.svelte';
import DropSheet from '../src/components/DropSheet.svelte';
import LimitSheet from '../src/components/LimitSheet.svelte';
import type { Due, TransferRow } from '../src/lib/bindings';
import { BREAKING_FROM, isBreakingSpot } from '../src/lib/dropspots';
import { clockIn } from '../src/lib/format';
import { allTypedOf, settingsOf } from '../src/lib/limits';
import { compareRanks, rankOf, reorder } from '../src/lib/order';
import { Drops } from '../src/lib/state/drops.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import { Transfers as Held, transfers } from '../src/lib/state/transfers.svelte';
import { isTimeOfDay, minutesOf } from '../src/lib/times';
import { dueLine, limitSentence, progressText, statusTag, subLine, totalsSentence } from '../src/lib/words';
import { NO_TOTALS } from '../src/lib/state/transfers.svelte';
import Transfers from '../src/views/Transfers.svelte';
import { DONE, NO_LIMITS, no, row, stub, update, type Stub } from './stub';

const NOW = Date.parse('2026-11-22T16:40:00Z');
const SIX = Date.parse('2026-11-22T17:00:00Z');
const MINUTE = 60_000;
const plain = (text: string | null | undefined) => text?.replace(/[\u00a0\u202f]/g, ' ').trim() ?? '';
const due = (verdict: Due['verdict']): Due => ({ at: SIX, zone: 'Europe/Zurich', verdict });

let engine: Stub;
beforeEach(async () => {
  engine = stub();
  await profiles.load();
  transfers.selection.none();
});

function show(...rows: TransferRow[]) {
  transfers.apply(update(rows, { whole: true }));
  return render(Transfers);
}

test.each([
  [
    { is: 'made', spare: 8 * MINUTE },
    { eta: SIX - 8 * MINUTE },
    'for the 18:00 Europe/Zurich · lands 17:52, 8 min to spare',
    false,
  ],
  [
    { is: 'missed', by: 20 * MINUTE },
    { eta: SIX + 20 * MINUTE },
    'for the 18:00 Europe/Zurich · lands 18:20, 20 min late',
    true,
  ],
  [{ is: 'missed', by: 5 * MINUTE }, {}, 'for the 18:00 Europe/Zurich · not there yet, 5 min late', true],
  [{ is: 'unknown' }, {}, 'for the 18:00 Europe/Zurich · not known yet whether it lands in time', false],
] as const)('a deadline says in words whether it is made: %o', (verdict, given, text, late) => {
  const line = dueLine(row(1, { state: 'running' }, { due: due(verdict), ...given }), NOW);
  expect({ ...line, text: plain(line?.text) }).toEqual({ late, text });
});

test('what has landed says when, in the zone in which the deadline was said', () => {
  const line = dueLine(row(1, DONE, { due: due({ is: 'made', spare: MINUTE }), endedAt: SIX - MINUTE }), NOW);
  expect(plain(line?.text)).toBe('for the 18:00 Europe/Zurich · landed 17:59, 1 min to spare');
  expect(dueLine(row(1), NOW)).toBeNull();
  expect(clockIn(SIX, NOW, 'Asia/Tokyo')).toBe('02:00');
  expect(clockIn(SIX + 720 * MINUTE, NOW, 'Europe/Zurich')).toBe('Mon 06:00');
  expect(clockIn(SIX, NOW, 'No/Such_Place')).toMatch(/\d\d:\d\d$/);
});

test('a late row says so with a word and an icon, not by its colour alone', () => {
  show(row(1, { state: 'running' }, { due: due({ is: 'missed', by: MINUTE }), eta: SIX + MINUTE }));
  const line = screen.getByTestId('row-due');
  expect(line).toHaveTextContent('Late');
  expect(line.querySelector('svg')).not.toBeNull();
  expect(plain(totalsSentence({ ...NO_TOTALS, goingUp: 1, late: 1 }))).toBe('1 going up · 1 late');
});

test('a breaking row says so, is heard, and its button makes it one of many again', async () => {
  const user = userEvent.setup();
  show(row(1, { state: 'running' }, { breaking: true }), row(2, { state: 'queued' }, { yields: true }));
  const [hot, other] = screen.getAllByTestId('transfer-row');
  expect(within(hot!).getByTestId('row-is-breaking')).toHaveTextContent('Breaking');
  expect(progressText(transfers.row(1)!)).toContain('Breaking, Going up');
  const button = within(hot!).getByTestId('row-breaking');
  expect(button).toHaveAttribute('aria-pressed', 'true');
  await user.click(button);
  expect(engine.setBreaking).toHaveBeenLastCalledWith([1], false);
  await user.click(within(other!).getByTestId('row-breaking'));
  expect(engine.setBreaking).toHaveBeenLastCalledWith([2], true);
  expect(statusTag(transfers.row(2)!).word).toBe('Waiting');
  expect(plain(subLine(transfers.row(2)!))).toBe('Yields to breaking · 512 MB');
});

test('what has ended offers no hurry', () => {
  show(row(1, DONE));
  expect(screen.queryByTestId('row-breaking')).toBeNull();
});

test('a deadline is set and taken away from the menu', async () => {
  const user = userEvent.setup();
  show(row(1, { state: 'running' }, { due: due({ is: 'unknown' }) }));
  await user.click(screen.getByTestId('row-menu'));
  await user.click(screen.getByTestId('row-deadline'));
  expect(screen.getByTestId('deadline-sheet')).toHaveTextContent('the next one in Europe/Zurich');
  await user.type(screen.getByTestId('deadline-time'), 'teatime{Enter}');
  expect(screen.getByRole('alert')).toHaveTextContent('Write it like 18:00');
  expect(engine.setDeadline).not.toHaveBeenCalled();
  engine.setDeadline.mockResolvedValueOnce(no({ message: 'That cannot be.' }));
  await user.clear(screen.getByTestId('deadline-time'));
  await user.type(screen.getByTestId('deadline-time'), '18:00{Enter}');
  await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('That cannot be.'));
  await user.click(screen.getByTestId('deadline-set'));
  expect(engine.setDeadline).toHaveBeenLastCalledWith([1], '18:00');
  await waitFor(() => expect(screen.queryByTestId('deadline-sheet')).toBeNull());
  await user.click(screen.getByTestId('row-menu'));
  await user.click(screen.getByTestId('row-no-deadline'));
  expect(engine.setDeadline).toHaveBeenLastCalledWith([1], null);
});

test('a network that wants a sign-in offers its page, and names no address to the engine', async () => {
  const user = userEvent.setup();
  const error = { code: 'captivePortal' as const, message: 'This network wants you to sign in first.', detail: '' };
  const hostile = 'http://portal.hotel/"><img src=x onerror=alert(1)>';
  const { container } = show(row(1, { state: 'waiting', why: 'portal', until: null, error }, { portal: hostile }));
  expect(screen.getByTestId('transfer-row')).toHaveTextContent('Sign in');
  await user.click(screen.getByTestId('row-portal'));
  expect(engine.openPortal).toHaveBeenCalledWith(1);
  expect(container.querySelector('img')).toBeNull();
});

test('the window has a place for breaking, and the rest of it is for everything else', async () => {
  expect(isBreakingSpot({ x: 5, y: 800 * BREAKING_FROM }, 800)).toBe(true);
  expect(isBreakingSpot({ x: 640, y: 520 }, 800)).toBe(false);
  expect(isBreakingSpot(null, 800)).toBe(false);
  const { rerender } = render(DropOverlay, { to: 'Nairobi bureau', spot: { x: 1, y: 1 } });
  expect(screen.getByTestId('drop-breaking')).toHaveTextContent('Drop here for breaking');
  expect(screen.getByTestId('drop-breaking')).toHaveAttribute('data-hot', 'false');
  await rerender({ to: 'Nairobi bureau', spot: { x: 1, y: window.innerHeight - 1 } });
  expect(screen.getByTestId('drop-breaking')).toHaveAttribute('data-hot', 'true');
  expect(screen.getByRole('status')).toHaveTextContent('Drop for breaking');
});

test('a drop there is breaking without further asking', async () => {
  await new Drops().dropAt(['/a.mxf'], { x: 1, y: window.innerHeight - 1 });
  expect(engine.addFiles.mock.calls[0]![0]).toMatchObject({ hurry: { breaking: true, by: null } });
});

test('the sheet of a drop asks how much it hurries; what is no time sends nothing', async () => {
  const user = userEvent.setup();
  const onanswer = vi.fn();
  const question = { title: 'Send', names: ['a.mxf'], asks: [], last: {}, yes: 'Send', zone: 'Europe/Zurich' };
  render(DropSheet, { question: { ...question, hurry: { breaking: true, by: null } }, onanswer });
  expect(screen.getByTestId('drop-breaking-toggle')).toBeChecked();
  await user.type(screen.getByTestId('drop-deadline'), '25:00{Enter}');
  expect(onanswer).not.toHaveBeenCalled();
  expect(screen.getByRole('alert')).toHaveTextContent('not a time of day');
  await user.clear(screen.getByTestId('drop-deadline'));
  await user.type(screen.getByTestId('drop-deadline'), '7.30{Enter}');
  expect(onanswer).toHaveBeenCalledWith({ fields: {}, hurry: { breaking: true, by: '7.30' } });
});

test('times of day are those that the engine takes', () => {
  for (const typed of ['18:00', '7.30', '0015', ' 00:00 ']) expect(isTimeOfDay(typed)).toBe(true);
  for (const typed of ['', '24:00', '18', '18:0', '18:60', '18:00:00', '-1:00']) expect(isTimeOfDay(typed)).toBe(false);
  expect([minutesOf('08:30'), minutesOf('24:00'), minutesOf('x')]).toEqual([510, 1440, null]);
});

test('the limit in force is said on its button and under the speed', async () => {
  const user = userEvent.setup();
  const limit = { limits: { up: 2_500_000, down: null }, until: SIX };
  const totals = { ...NO_TOTALS, bytesLeft: 5, limit };
  transfers.apply(update([row(1)], { whole: true, totals }));
  render(Transfers);
  expect(plain(screen.getByTestId('limit').textContent)).toBe('Limit: 20 Mb/s up');
  expect(plain(screen.getByTestId('limit-in-force').textContent)).toContain('Limited to 20 Mb/s up until');
  expect(plain(limitSentence(limit, NOW, 'Europe/Zurich'))).toBe('Limited to 20 Mb/s up until 18:00');
  expect(limitSentence({ limits: { up: null, down: null }, until: null }, NOW, 'UTC')).toBe('No limit');
  await user.click(screen.getByTestId('limit'));
  expect(await screen.findByTestId('limit-sheet')).toHaveTextContent('No limit Europe/Zurich');
});

test('limits are typed in megabits, with hours and days', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn(async () => null);
  render(LimitSheet, { row: NO_LIMITS, now: NOW, onsave, onclose: () => {} });
  await user.type(screen.getByTestId('limit-down'), '100');
  await user.click(screen.getByTestId('limit-add'));
  await user.click(screen.getByTestId('limit-day-5'));
  await user.type(screen.getByTestId('limit-line-up'), '2,5');
  await user.click(screen.getByTestId('limit-save'));
  const schedule = [{ days: [1, 2, 3, 4], from: 480, to: 1080, limits: { up: 312_500, down: null } }];
  const settings = { plan: { always: { up: null, down: 12_500_000 }, schedule }, uplinks: {}, metered: [] };
  expect(onsave).toHaveBeenCalledWith(settings);
  expect(settingsOf(allTypedOf(settings), settings.metered)).toEqual(settings);
});

test('a network has figures of its own, or the ones for all', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn(async () => null);
  const uplinks = [{ name: 'wwan0', label: 'Mobile (wwan0)' }];
  render(LimitSheet, { row: { ...NO_LIMITS, uplinks }, now: NOW, onsave, onclose: () => {} });
  await user.type(screen.getByTestId('limit-up'), '80');
  await user.selectOptions(screen.getByTestId('limit-where'), 'wwan0');
  expect(screen.queryByTestId('limit-up')).toBeNull();
  await user.click(screen.getByTestId('limit-own'));
  await user.type(screen.getByTestId('limit-up'), '2');
  await user.click(screen.getByTestId('limit-save'));
  const always = (megabits: number) => ({ always: { up: megabits * 125_000, down: null }, schedule: [] });
  expect(onsave).toHaveBeenLastCalledWith({ plan: always(80), uplinks: { wwan0: always(2) }, metered: [] });

  await user.click(screen.getByTestId('limit-own'));
  await user.click(screen.getByTestId('limit-metered'));
  await user.click(screen.getByTestId('limit-save'));
  expect(onsave).toHaveBeenLastCalledWith({ plan: always(80), uplinks: {}, metered: ['wwan0'] });
});

test('what is no limit is said in the sheet; removing all takes one press', async () => {
  const user = userEvent.setup();
  const onsave = vi.fn(async () => null);
  render(LimitSheet, { row: NO_LIMITS, now: NOW, onsave, onclose: () => {} });
  await user.type(screen.getByTestId('limit-up'), 'fast');
  await user.click(screen.getByTestId('limit-save'));
  expect(screen.getByTestId('limit-error')).toHaveTextContent('megabits');
  expect(onsave).not.toHaveBeenCalled();
  await user.click(screen.getByTestId('limit-clear'));
  expect(onsave).toHaveBeenCalledWith({ ...NO_LIMITS.settings, metered: [] });
});

test('the list stands in the order in which clips land', () => {
  const held = new Held();
  const queued = (id: number, given: Partial<TransferRow> = {}) =>
    row(id, { state: 'queued' }, { startedAt: null, acked: 0, size: 500, ...given });
  const rows = [
    queued(1),
    queued(2, { size: 100 }),
    queued(3, { startedAt: 5 }),
    queued(4, { due: due({ is: 'unknown' }) }),
    queued(5, { breaking: true }),
  ];
  held.apply(update(rows, { whole: true }));
  expect(held.order).toEqual([5, 4, 3, 2, 1]);
});

test('with ten thousand in line a change of one is not a sorting of all', () => {
  const rows = Array.from({ length: 10_000 }, (_, id) =>
    row(id, { state: 'queued' }, { acked: 0, size: 1000 + ((id * 7919) % 997) }),
  );
  const ranks = new Map(rows.map((one) => [one.id, rankOf(one)]));
  const order = reorder([], new Set(ranks.keys()), ranks);
  const sorted = [...ranks.keys()].sort((a, b) => compareRanks(ranks.get(a)!, ranks.get(b)!) || a - b);
  expect(order).toEqual(sorted);
  let asked = 0;
  const counted = { get: (id: number) => ((asked += 1), ranks.get(id)), has: (id: number) => ranks.has(id) };
  ranks.set(77, rankOf(row(77, { state: 'queued' }, { breaking: true })));
  ranks.delete(78);
  const after = reorder(order, new Set([77, 78]), counted as unknown as typeof ranks);
  expect(after[0]).toBe(77);
  expect(after).toHaveLength(9_999);
  expect(asked).toBeLessThan(100);
});
