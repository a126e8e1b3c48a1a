// The list of transfers as somebody sees and steers it.
import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import type { Status } from '../src/lib/bindings';
import { transfers } from '../src/lib/state/transfers.svelte';
import Transfers from '../src/views/Transfers.svelte';
import { DONE, row, stub, update, type Stub } from './stub';

const HOSTILE = '<img src=x onerror=alert(1)>';
const error = {
  code: 'sourceChanged' as const,
  message: 'The file changed while it was being sent. Send it again.',
  detail: 'size was 5, is 6',
};

let engine: Stub;
beforeEach(() => {
  engine = stub();
  transfers.selection.none();
  transfers.selection.active = null;
});

function show(...rows: ReturnType<typeof row>[]) {
  transfers.apply(update(rows, { whole: true }));
  return render(Transfers);
}

const rows = () => screen.queryAllByTestId('transfer-row');
const plain = (node: Element | null) => node?.textContent?.replace(/[\u00a0\u202f]/g, ' ').trim() ?? '';

test('a hostile name is text', () => {
  show(row(1, { state: 'running' }, { name: HOSTILE }));
  const [one] = rows();
  expect(one).toHaveAttribute('data-name', HOSTILE);
  expect(one!.querySelector('img')).toBeNull();
  expect(one!.querySelector('bdi')?.textContent).toBe(HOSTILE);
});

test('a running row shows its parts, its progress and what may be asked', () => {
  show(row(7, { state: 'running' }, { eta: Date.now() + 16_000 }));
  const [one] = rows();
  expect(one).toHaveAttribute('data-state', 'running');
  expect(one).toHaveAttribute('data-id', '7');
  expect(one).toHaveAttribute('data-key', 'Nairobi/clip_7.mxf');
  const strip = within(one!).getByRole('progressbar');
  expect(strip).toHaveAttribute('aria-valuenow', '68');
  expect([...strip.querySelectorAll('path')].map((path) => path.classList[0])).toEqual([
    'lane1',
    'lane2',
    'flying',
    'open',
  ]);
  expect(plain(within(one!).getByTestId('row-progress'))).toContain('68 % · 349 of 512 MB sent and checked');
  expect(within(one!).getByTestId('row-pause')).toBeInTheDocument();
});

const states: [Status, string, string | null][] = [
  [{ state: 'queued' }, 'In line', 'row-pause'],
  [{ state: 'finishing' }, 'Checking', null],
  [{ state: 'waiting', why: 'offline', until: Date.now() + 5000, error }, 'Waiting', 'row-retry'],
  [{ state: 'paused' }, 'Paused', 'row-resume'],
  [{ state: 'failed', error }, 'Needs you', 'row-retry'],
  [{ state: 'cancelling' }, 'Cancelling', null],
  [{ state: 'cancelled' }, 'Cancelled', null],
  [DONE, 'Verified', 'row-reveal'],
];

test.each(states)('%o is shown in a word, with its button', (status, word, button) => {
  show(row(1, status));
  const [one] = rows();
  expect(plain(one!)).toContain(word);
  const buttons = [...one!.querySelectorAll('button[data-testid]')].map((node) => (node as HTMLElement).dataset.testid);
  expect(buttons).toContain('row-menu');
  if (button) expect(buttons).toContain(button);
  const said = within(one!).queryByTestId('row-error');
  if ('error' in status) expect(said).toHaveTextContent(error.message);
  else expect(said).toBeNull();
  if (status.state === 'done') expect(within(one!).getByTestId('row-proof')).toHaveTextContent('CRC64NVME');
});

test('the cause is shown on demand', async () => {
  show(row(1, { state: 'failed', error }));
  expect(screen.queryByText(/sourceChanged/)).toBeNull();
  await userEvent.click(screen.getByTestId('row-details'));
  expect(screen.getByTestId('row-facts')).toHaveTextContent('sourceChanged · size was 5, is 6');
});

test('of ten thousand rows only the seen ones are elements', () => {
  show(...Array.from({ length: 10_000 }, (_, i) => row(i + 1, { state: 'queued' })));
  expect(rows().length).toBeLessThan(40);
  expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '10000');
});

test('arrows choose, shift stretches, space pauses what can be paused', async () => {
  const user = userEvent.setup();
  show(row(1), row(2), row(3, DONE));
  screen.getByRole('grid').focus();
  await user.keyboard('{ArrowDown}{Shift>}{ArrowDown}{ArrowDown}{/Shift}');
  expect(rows().map((one) => one.getAttribute('aria-selected'))).toEqual(['true', 'true', 'true']);
  expect(screen.getByRole('grid')).toHaveAttribute('aria-activedescendant', 'transfer-3');
  await user.keyboard(' ');
  expect(engine.act).toHaveBeenLastCalledWith('pause', [1, 2]);
});

test('space resumes where nothing can be paused; enter reveals', async () => {
  const user = userEvent.setup();
  show(row(1, { state: 'paused' }));
  screen.getByRole('grid').focus();
  await user.keyboard('{ArrowDown} ');
  expect(engine.act).toHaveBeenLastCalledWith('resume', [1]);
  await user.keyboard('{Enter}');
  expect(engine.reveal).toHaveBeenCalledWith(1);
});

test('delete asks a second time, and no means no', async () => {
  const user = userEvent.setup();
  show(row(1), row(2));
  screen.getByRole('grid').focus();
  await user.keyboard('{Control>}a{/Control}{Delete}');
  expect(screen.getByTestId('confirm')).toHaveTextContent('Cancel 2 transfers?');
  await user.click(screen.getByTestId('confirm-no'));
  expect(screen.queryByTestId('confirm')).toBeNull();
  expect(engine.act).not.toHaveBeenCalled();
  await user.keyboard('{Delete}');
  await user.click(screen.getByTestId('confirm-yes'));
  expect(engine.act).toHaveBeenCalledWith('cancel', [1, 2]);
});

test('delete takes ended rows off the list at once', async () => {
  const user = userEvent.setup();
  show(row(1, DONE));
  screen.getByRole('grid').focus();
  await user.keyboard('{ArrowDown}{Delete}');
  expect(screen.queryByTestId('confirm')).toBeNull();
  expect(engine.act).toHaveBeenCalledWith('forget', [1]);
});

test('the menu offers what the row allows, and goes by arrow keys', async () => {
  const user = userEvent.setup();
  show(row(1));
  await user.click(screen.getByTestId('row-menu'));
  const menu = screen.getByRole('menu');
  const offered = within(menu).getAllByRole('menuitem');
  expect(offered.map((node) => node.dataset.testid)).toEqual([
    'row-pause',
    'row-breaking-on',
    'row-deadline',
    'row-reveal',
    'row-copy-key',
    'row-details',
    'row-cancel',
  ]);
  expect(offered[0]).toHaveFocus();
  await user.keyboard('{ArrowUp}{Enter}');
  expect(screen.getByTestId('confirm')).toHaveTextContent('clip_1.mxf');
  expect(screen.queryByRole('menu')).toBeNull();
});

test('for several rows the menu says how many each offer goes for', async () => {
  const user = userEvent.setup();
  show(row(1), row(2), row(3, { state: 'paused' }), row(4, DONE));
  screen.getByRole('grid').focus();
  await user.keyboard('{Control>}a{/Control}');
  await user.click(screen.getAllByTestId('row-menu')[0]!);
  const offered = within(screen.getByRole('menu')).getAllByRole('menuitem');
  expect(offered.map(plain)).toEqual([
    'Resume 1',
    'Pause 2',
    'Mark 3 breaking',
    'Deadline 3…',
    'Take 1 off the list',
    'Cancel 3…',
  ]);
  await user.click(offered[1]!);
  expect(engine.act).toHaveBeenCalledWith('pause', [1, 2]);
});

test('escape closes the menu and gives the keyboard back to the list', async () => {
  const user = userEvent.setup();
  show(row(1));
  await user.click(screen.getByTestId('row-menu'));
  await user.keyboard('{Escape}');
  expect(screen.queryByRole('menu')).toBeNull();
  expect(screen.getByRole('grid')).toHaveFocus();
});

test('ended ones are cleared together; nothing to clear, no button', async () => {
  show(row(1), row(2, DONE), row(3, { state: 'cancelled' }, { endedAt: 50_000 }));
  await userEvent.click(screen.getByTestId('clear-finished'));
  expect(engine.act).toHaveBeenCalledWith('forget', [3, 2]);
  transfers.apply(update([], { gone: [2, 3] }));
  await vi.waitFor(() => expect(screen.queryByTestId('clear-finished')).toBeNull());
});

test('with nothing to show there is the drop zone', () => {
  show();
  expect(screen.getByTestId('drop-zone')).toHaveTextContent('Drop clips, cards or folders anywhere');
  expect(screen.getByTestId('totals')).toHaveTextContent('Nothing is on its way');
  expect(screen.queryByRole('grid')).toBeNull();
});
