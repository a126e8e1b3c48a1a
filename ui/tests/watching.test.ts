// Watch folders as somebody adds, reads, changes, stops and removes them.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

import App from '../src/App.svelte';
import type { WatchFolder } from '../src/lib/bindings';
import { hear } from '../src/lib/state/hear';
import { notices } from '../src/lib/state/notices.svelte';
import { place } from '../src/lib/state/place.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import { watching } from '../src/lib/state/watching.svelte';
import { newFolder } from '../src/lib/watchform';
import WatchFolders from '../src/views/WatchFolders.svelte';
import { NAIROBI, no, ok, stub, update, watchRow, type Stub } from './stub';

let engine: Stub;
const lagos = { ...NAIROBI, name: 'Lagos bureau', bureau: 'Lagos', keyTemplate: '{bureau}/{desk}/{name}' };
const trouble = no({ code: 'sourceMissing', message: 'The folder is not there. Plug the card in.' }).error;

beforeEach(() => {
  engine = stub();
  const rows = [NAIROBI, lagos].map((profile, i) => ({
    profile,
    zone: 'Europe/Zurich',
    inUse: i === 0,
    trouble: null,
    needsKeys: false,
  }));
  profiles.rows = rows;
  engine.profiles.mockResolvedValue(ok(rows));
  engine.checkTemplate.mockImplementation(async (template: string, bureau: string) => {
    const key = (name: string) => ({ what: name, key: template.replace('{bureau}', bureau).replace('{name}', name) });
    return ok([key('with.mxf'), key('without.mxf'), key('awkward.mxf')]);
  });
  notices.toasts = [];
  notices.complaints = [];
  watching.hear([]);
  while (watching.open) watching.close();
  place.go('transfers');
});

const saved = () => engine.saveWatchFolder.mock.calls.at(-1)?.[0] as WatchFolder;
const row = (id: number) =>
  within(document.querySelector<HTMLElement>(`[data-testid="watch-folder"][data-id="${id}"]`)!);

test('a folder is chosen, filled in by the keyboard alone, and watched', async () => {
  const user = userEvent.setup();
  engine.pickFiles.mockResolvedValue(ok(['/media/ingest']));
  render(WatchFolders);
  expect(screen.getByText('Let a folder send itself')).toBeInTheDocument();
  screen.getByTestId('watch-choose').focus();
  await user.keyboard('{Enter}');
  expect(engine.pickFiles).toHaveBeenCalledWith(true);
  expect(await screen.findByTestId('watch-form-path')).toHaveTextContent('/media/ingest');
  await user.type(screen.getByTestId('drop-field-slug'), 'Fire');
  await user.type(screen.getByTestId('watch-only'), '*.mxf{Enter}*.mov');
  await user.type(screen.getByTestId('watch-limit'), '20');
  screen.getByTestId('watch-leave').focus();
  await user.keyboard('{ArrowDown}');
  screen.getByTestId('watch-breaking').focus();
  await user.keyboard(' ');
  screen.getByTestId('watch-save').focus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByTestId('watch-sheet')).toBeNull());
  expect(saved()).toEqual({
    ...newFolder('/media/ingest', NAIROBI.name),
    fields: { slug: 'Fire' },
    only: ['*.mxf', '*.mov'],
    limit: 2_500_000,
    afterwards: 'move',
    breaking: true,
  });
  expect(notices.toasts.map((toast) => toast.title)).toEqual(['ingest is watched']);
  // Many keys: a busy machine takes its time for them.
}, 20_000);

test('the filters show on names what they let through, while they are typed', async () => {
  const user = userEvent.setup();
  watching.hear([watchRow(1, {}, { held: [{ name: 'sub/<b>.mxf', why: 'It changed 1 s ago.' }] })]);
  render(WatchFolders);
  await user.click(screen.getByTestId('watch-change'));
  const up = () =>
    within(screen.getByTestId('watch-examples'))
      .getAllByRole('listitem')
      .filter((item) => item.dataset.up === 'true')
      .map((item) => item.querySelector('bdi')!.textContent);
  expect(up()).toHaveLength(6);
  await user.type(screen.getByTestId('watch-only'), '*.mxf');
  expect(up()).toEqual(['sub/<b>.mxf', 'MKR_fire_01.mxf']);
  await user.type(screen.getByTestId('watch-except'), 'sub/**');
  expect(up()).toEqual(['MKR_fire_01.mxf']);
});

test('deleting is asked about a second time, and going back keeps what was typed', async () => {
  const user = userEvent.setup();
  watching.hear([watchRow(1)]);
  render(WatchFolders);
  await user.click(screen.getByTestId('watch-change'));
  await user.type(screen.getByTestId('watch-limit'), '8');
  await user.click(screen.getByTestId('watch-delete'));
  await user.click(screen.getByTestId('watch-save'));
  expect(screen.getByTestId('confirm')).toHaveTextContent('the bucket then has the only copy');
  expect(screen.getByTestId('confirm')).toHaveTextContent('/media/ingest_1');
  await waitFor(() => expect(screen.getByTestId('confirm-no')).toHaveFocus());
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('confirm')).toBeNull();
  expect(screen.getByTestId('watch-limit')).toHaveValue('8');
  expect(engine.saveWatchFolder).not.toHaveBeenCalled();
  await user.click(screen.getByTestId('watch-save'));
  await user.click(screen.getByTestId('confirm-yes'));
  await waitFor(() => expect(screen.queryByTestId('watch-sheet')).toBeNull());
  expect(saved()).toMatchObject({ id: 1, afterwards: 'delete', limit: 1_000_000 });
});

test('the form stays when the engine or its own look says no', async () => {
  const user = userEvent.setup();
  engine.saveWatchFolder.mockResolvedValueOnce(no({ code: 'badInput', message: 'This is no folder.' }));
  render(WatchFolders);
  watching.add(['/media/a.mxf']);
  await user.type(await screen.findByTestId('watch-limit'), 'fast');
  await user.click(screen.getByTestId('watch-save'));
  expect(screen.getByTestId('watch-error')).toHaveTextContent('megabits a second');
  await user.clear(screen.getByTestId('watch-limit'));
  await user.click(screen.getByTestId('watch-save'));
  await waitFor(() => expect(screen.getByTestId('watch-error')).toHaveTextContent('This is no folder.'));
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('watch-sheet')).toBeNull();
});

test('another newsroom brings its own key template and asks what that asks', async () => {
  const user = userEvent.setup();
  watching.hear([watchRow(1, { fields: { slug: 'Fire' } })]);
  render(WatchFolders);
  await user.click(screen.getByTestId('watch-change'));
  expect(screen.getByTestId('form-template')).toHaveValue(NAIROBI.keyTemplate);
  await user.selectOptions(screen.getByTestId('watch-profile'), 'Lagos bureau');
  expect(screen.getByTestId('form-template')).toHaveValue(lagos.keyTemplate);
  expect(screen.queryByTestId('drop-field-slug')).toBeNull();
  await user.type(screen.getByTestId('drop-field-desk'), 'World');
  await waitFor(() => expect(engine.checkTemplate).toHaveBeenLastCalledWith(lagos.keyTemplate, 'Lagos'));
  await user.click(screen.getByTestId('watch-save'));
  expect(saved()).toMatchObject({ profile: 'Lagos bureau', keyTemplate: null, fields: { desk: 'World' } });
  await waitFor(() => expect(screen.queryByTestId('watch-sheet')).toBeNull());
  watching.change(watchRow(1).folder);
  await user.type(await screen.findByTestId('form-template'), '_take');
  expect(screen.getByText('for this folder only')).toBeInTheDocument();
  await user.click(screen.getByTestId('watch-save'));
  expect(saved().keyTemplate).toBe(`${NAIROBI.keyTemplate}_take`);
});

test('each folder says what it does, how it is doing and what waits', async () => {
  const user = userEvent.setup();
  const held = Array.from({ length: 5 }, (_, i) => ({ name: `<i>${i}</i>.mxf`, why: 'It is still open for writing.' }));
  watching.hear([
    watchRow(1, { fields: { slug: 'Fire' } }, { settling: 3, open: 1, sent: 1412, skipped: 2, held }),
    watchRow(2, { afterwards: 'delete' }, { byLooks: 'It is a network drive: it is looked at every 30 s.' }),
    watchRow(3, { stopped: true, profile: 'Gone bureau' }),
    watchRow(4, {}, { trouble, lastLook: null }),
  ]);
  render(WatchFolders);
  expect(screen.getByTestId('watch-totals')).toHaveTextContent('3 folders watched · 1 stopped · 1 needs you');
  expect(row(1).getByTestId('watch-state')).toHaveTextContent('Watching');
  expect(row(1).getByTestId('watch-path')).toHaveTextContent('/media/ingest_1');
  expect(await row(1).findByTestId('watch-example')).toHaveTextContent('Nairobi/{date}/Fire/with.mxf');
  expect(await row(2).findByTestId('watch-example')).toHaveTextContent('without.mxf');
  for (const [word, n] of [
    ['sent', '1 412'],
    ['settling', '2'],
    ['being-written', '1'],
    ['sent-before', '2'],
  ])
    expect(row(1).getByTestId(`watch-${word}`)).toHaveTextContent(n!);
  expect(row(1).getAllByTestId('watch-held')).toHaveLength(3);
  await user.click(row(1).getByTestId('watch-held-more'));
  expect(row(1).getAllByTestId('watch-held')[4]).toHaveTextContent('<i>4</i>.mxf');
  expect(row(2).getByTestId('watch-state')).toHaveTextContent('By looks only');
  expect(row(2).getByTestId('watch-by-looks')).toHaveTextContent('every 30 s');
  expect(row(2).getByTestId('watch-afterwards')).toHaveTextContent('Deleted here once it is proved in the bucket');
  expect(row(3).getByTestId('watch-state')).toHaveTextContent('Stopped');
  expect(row(4).getByTestId('watch-state')).toHaveTextContent('Needs you');
  expect(row(4).getByText(trouble.message)).toBeInTheDocument();
  expect(row(4).getByTestId('watch-last-look')).toHaveTextContent('not yet');
});

test('a folder is stopped and started where it stands, and leaves after a second look', async () => {
  const user = userEvent.setup();
  watching.hear([watchRow(1), watchRow(2)]);
  render(WatchFolders);
  await user.click(row(1).getByTestId('watch-stop'));
  expect(saved()).toEqual({ ...watchRow(1).folder, stopped: true });
  watching.hear([watchRow(1, { stopped: true }), watchRow(2)]);
  await waitFor(() => expect(row(1).getByTestId('watch-start')).toHaveFocus());
  await user.keyboard('{Enter}');
  expect(saved()).toEqual(watchRow(1).folder);
  await user.click(row(1).getByTestId('watch-remove'));
  expect(screen.getByTestId('confirm')).toHaveTextContent('Nothing on the disk or in the bucket is touched.');
  expect(engine.removeWatchFolder).not.toHaveBeenCalled();
  await user.click(screen.getByTestId('confirm-yes'));
  expect(engine.removeWatchFolder).toHaveBeenCalledWith(1);
  watching.hear([watchRow(2)]);
  await waitFor(() => expect(screen.getByTestId('watch-choose')).toHaveFocus());
});

test('a folder that is dropped on the list is watched, further down it is sent; several come one after the other', async () => {
  const user = userEvent.setup();
  Object.defineProperty(window, 'innerHeight', { value: 800, configurable: true });
  const watched = [watchRow(1), watchRow(2, {}, { trouble })];
  render(App);
  hear({ told: 'update', update: update([], { whole: true, profiles: Date.now(), watching: watched }) });
  await user.click(await screen.findByTestId('nav-watch'));
  expect(screen.getByTestId('nav-watch')).toHaveTextContent('1 needs you');
  expect(screen.getByTestId('nav-watch')).toHaveTextContent('2 watched');
  hear({ told: 'dragOver', at: { x: 10, y: 10 } });
  expect(await screen.findByTestId('drop-watch')).toHaveAttribute('data-hot', 'true');
  hear({ told: 'dropped', paths: ['/media/new', '/media/ingest_1'], at: { x: 10, y: 10 } });
  expect(await screen.findByTestId('watch-form-path')).toHaveTextContent('/media/new');
  expect(screen.queryByTestId('drop-overlay')).toBeNull();
  await user.click(screen.getByTestId('watch-save'));
  // The other one is on the list already.
  await waitFor(() => expect(screen.getByTestId('watch-form-path')).toHaveTextContent('/media/ingest_1'));
  await user.click(screen.getByTestId('watch-save'));
  await waitFor(() => expect(screen.queryByTestId('watch-sheet')).toBeNull());
  expect(engine.saveWatchFolder.mock.calls.map(([folder]) => folder.id)).toEqual([0, 1]);
  expect(engine.addFiles).not.toHaveBeenCalled();
  hear({ told: 'dropped', paths: ['/a.mxf'], at: { x: 10, y: 790 } });
  await waitFor(() => expect(engine.addFiles).toHaveBeenCalledTimes(1));
  expect(engine.addFiles.mock.calls[0]![0].hurry).toEqual({ breaking: false, by: null });
});
