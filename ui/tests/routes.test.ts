// The sheet of the ways to the bucket: what each row says, and the tests that compare them.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import App from '../src/App.svelte';
import RoutesSheet from '../src/components/RoutesSheet.svelte';
import type { LaneTest, RouteTest, WayRow } from '../src/lib/bindings';
import { hear } from '../src/lib/state/hear';
import { profiles } from '../src/lib/state/profiles.svelte';
import { routeSheets } from '../src/lib/state/routes.svelte';
import { grouped, price, results } from '../src/lib/ways';
import { DONE, no, ok, row, stub, update, type Stub } from './stub';

let engine: Stub;
beforeEach(() => {
  engine = stub();
  profiles.rows = null;
  routeSheets.close();
});

function way(given: Partial<WayRow> = {}): WayRow {
  return {
    lane: 1,
    uplink: 'Ethernet',
    kind: 'direct',
    route: 'Direct',
    state: 'standby',
    why: null,
    rate: 0,
    connections: 0,
    tripMs: null,
    connectMs: null,
    firstByteMs: null,
    errors: 0,
    movedUp: 0,
    movedDown: 0,
    priceUp: 0,
    priceDown: 0.09,
    pricedOn: '2026-11-01',
    ...given,
  };
}

function lane(given: Partial<LaneTest> = {}): LaneTest {
  return {
    lane: 1,
    uplink: 'Ethernet',
    kind: 'direct',
    route: 'Direct',
    connectMs: 382,
    firstByteMs: 201,
    rate: 4e6,
    bytes: 8e6,
    trouble: null,
    ...given,
  };
}

const tested = (lanes: LaneTest[], given: Partial<RouteTest> = {}): RouteTest => ({
  at: 1000,
  network: 'Ethernet',
  lanes,
  note: null,
  ...given,
});

const WAYS = [
  way({ state: 'carries', rate: 7.5e6, tripMs: 187, connectMs: 382, firstByteMs: 1201, errors: 3 }),
  way({ lane: 2, kind: 'accelerated', route: 'Accelerated', priceUp: 0.04, priceDown: 0.13 }),
  way({ lane: 3, uplink: '<b>Phone</b>', state: 'dead' }),
  way({
    lane: null,
    uplink: '',
    kind: 'cloudFront',
    route: 'CloudFront',
    state: 'closed',
    why: 'No <i>key</i> is set.',
  }),
];
const NOTHING = { testing: false, trouble: null, now: 2000, ontest: () => {}, onclose: () => {} };

test('every way says its state, its figures and its price', () => {
  render(RoutesSheet, { ...NOTHING, ways: WAYS, tests: [] });
  const rows = screen.getAllByTestId('route-row');
  expect(rows.map((one) => one.dataset.state)).toEqual(['carries', 'standby', 'dead', 'closed']);
  expect(rows[0]).toHaveTextContent(/Direct\s*Carries\s+60\s+187 ms\s+382 ms\s+1 201 ms\s+3\s+0\s+0\.09/);
  expect(rows[1]).toHaveTextContent(/Accelerated\s*Stands by.*0\.04\s+0\.13/);
  expect(rows[3]).toHaveTextContent('No <i>key</i> is set.');
  expect(screen.getByText('<b>Phone</b>')).toBeInTheDocument();
  expect(screen.getByText(/It does not answer. It is asked again/, { selector: '.why' })).toBeInTheDocument();
  expect(screen.getByTestId('routes-sheet')).toHaveTextContent("AWS's list of 2026-11-01");
});

test('ways go by network, closed ones last; a store of one’s own has no known price', () => {
  expect(grouped(WAYS).map((group) => [group.name, group.ways.length])).toEqual([
    ['Ethernet', 2],
    ['<b>Phone</b>', 1],
    ['Not open', 1],
  ]);
  expect(price(way({ kind: 'endpoint', priceUp: 0 }), 'priceUp')).toBe('–');
  expect(price(way({ priceDown: 0.09 + 0.0033 }), 'priceDown')).toBe('0.0933');
});

test('a test’s results name the fastest, what failed, and the network where there are several', () => {
  const failed = lane({ lane: 3, uplink: 'Phone', rate: null, trouble: 'It did not answer within 8 s.' });
  const found = results(tested([lane(), lane({ lane: 2, route: 'Accelerated', rate: 9e6 }), failed]));
  expect(found.map(({ name, best }) => [name, best])).toEqual([
    ['Direct · Ethernet', false],
    ['Accelerated · Ethernet', true],
    ['Direct · Phone', false],
  ]);
  expect(found[2]).toMatchObject({ figure: 'failed', more: 'It did not answer within 8 s.', failed: true });
  expect(results(tested([lane({ rate: null })]))[0]).toMatchObject({ name: 'Direct', best: false });
});

test('while a test runs its progress is said, and it cannot be begun twice', async () => {
  const ontest = vi.fn();
  const ways = [way(), way({ lane: 2, route: 'Accelerated', kind: 'accelerated', state: 'testing', rate: 1e6 })];
  const { rerender } = render(RoutesSheet, { ...NOTHING, ways, tests: [], testing: true, ontest });
  expect(screen.getByTestId('routes-testing')).toHaveTextContent('Testing Accelerated, 2 of 2');
  await userEvent.click(screen.getByTestId('routes-test'));
  expect(ontest).not.toHaveBeenCalled();
  const trouble = { code: 'badInput' as const, message: 'Transfers are on their way.', detail: '' };
  await rerender({ testing: false, trouble });
  expect(screen.getByRole('alert')).toHaveTextContent('Transfers are on their way.');
  await userEvent.click(screen.getByTestId('routes-test'));
  expect(ontest).toHaveBeenCalledTimes(1);
});

test('the sheet opens from the lanes and by keys, follows its figures, and keeps what a test found', async () => {
  const user = userEvent.setup();
  engine.routes.mockResolvedValueOnce(ok([way()]));
  engine.routes.mockResolvedValue(ok([way({ connectMs: 77 })]));
  render(App);
  const lanes = [{ id: 1, uplink: 'Ethernet', route: 'Direct', rate: 0, connections: 0 }];
  hear({ told: 'update', update: update([], { whole: true, lanes, profiles: Date.now() + Math.random() }) });
  await user.click(await screen.findByTestId('routes'));
  const sheet = await screen.findByTestId('routes-sheet');
  await waitFor(() => expect(within(sheet).getByTestId('routes-test')).toHaveFocus());
  expect(within(sheet).getByTestId('route-connect')).toHaveTextContent('–');
  await waitFor(() => expect(within(sheet).getByTestId('route-connect')).toHaveTextContent('77 ms'), { timeout: 3000 });

  engine.testRoutes.mockResolvedValueOnce(no({ message: 'Transfers are on their way.' }));
  await user.click(within(sheet).getByTestId('routes-test'));
  expect(await within(sheet).findByTestId('routes-error')).toHaveTextContent('on their way');
  engine.testRoutes.mockResolvedValueOnce(ok(tested([lane()])));
  await user.click(within(sheet).getByTestId('routes-test'));
  expect(await within(sheet).findByTestId('route-test')).toHaveTextContent(/Direct\s+32 Mb\/s/);
  expect(within(sheet).queryByTestId('routes-error')).toBeNull();

  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByTestId('routes-sheet')).toBeNull());
  await user.keyboard('{Control>}l{/Control}');
  expect(await screen.findByTestId('routes-sheet')).toBeInTheDocument();
});

test('what the ways gained stands in a clip’s details', async () => {
  const { default: RowDetails } = await import('../src/components/RowDetails.svelte');
  const gained = 'Accelerated saved about 6 min on this clip, for $0.02.';
  const { rerender } = render(RowDetails, { row: row(1, { ...DONE, gained } as typeof DONE), now: 0 });
  expect(screen.getByTestId('row-facts')).toHaveTextContent(gained);
  await rerender({ row: row(1, DONE) });
  expect(screen.getByTestId('row-facts')).not.toHaveTextContent('Gained');
});
