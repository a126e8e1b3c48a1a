// Newsroom files: shown before they are trusted, one after the other, and signed in to afterwards.
import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

import App from '../src/App.svelte';
import NewsroomFileSheet from '../src/components/NewsroomFileSheet.svelte';
import type { NewsroomPreview } from '../src/lib/bindings';
import { hear } from '../src/lib/state/hear';
import { newsroomFiles } from '../src/lib/state/newsroomfiles.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import { NAIROBI, no, ok, row, stub, update, type Stub } from './stub';

const PREVIEW: NewsroomPreview = {
  name: 'Lagos',
  sha256: 'ab'.repeat(32),
  seen: 'seen-1',
  change: 'new',
  lines: [
    { label: 'Newsroom', value: 'Lagos', was: null },
    { label: 'Bucket', value: '<img src=x>', was: null },
  ],
  warnings: [],
  confirm: [],
};

let engine: Stub;
beforeEach(() => {
  engine = stub();
  profiles.rows = null;
  while (newsroomFiles.open) newsroomFiles.close();
});

const begin = () =>
  hear({ told: 'update', update: update([row(1)], { whole: true, profiles: Date.now() + Math.random() }) });
const lagos = (needsKeys: boolean) => [
  { profile: NAIROBI, zone: 'Europe/Zurich', inUse: true, needsKeys: false },
  { profile: { ...NAIROBI, name: 'Lagos' }, zone: 'Africa/Lagos', inUse: false, needsKeys },
];

test('a file is shown whole, as text, and nothing is trusted by escape or by enter', async () => {
  const user = userEvent.setup();
  engine.previewNewsroom.mockResolvedValue(ok(PREVIEW));
  render(App);
  begin();
  hear({ told: 'newsroom', given: 'rushes = 1' });
  const sheet = await screen.findByTestId('newsroom-file');
  expect(sheet).toHaveTextContent('<img src=x>');
  expect(sheet).toHaveTextContent('ab'.repeat(32));
  await waitFor(() => expect(screen.getByTestId('newsroom-file-no')).toHaveFocus());
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByTestId('newsroom-file')).toBeNull());
  expect(engine.acceptNewsroom).not.toHaveBeenCalled();
});

test('what is trusted is what was shown, and its keys are asked for next', async () => {
  const user = userEvent.setup();
  engine.previewNewsroom.mockResolvedValue(ok(PREVIEW));
  render(App);
  begin();
  hear({ told: 'newsroom', given: 'rushes = 1' });
  await screen.findByTestId('newsroom-file');
  engine.profiles.mockResolvedValue(ok(lagos(true)));
  await user.click(screen.getByTestId('newsroom-file-yes'));
  expect(engine.acceptNewsroom).toHaveBeenCalledWith({ given: 'rushes = 1', seen: 'seen-1', confirmed: [] });
  expect(await screen.findByTestId('newsroom-dialog')).toHaveTextContent('Sign in to Lagos');
  expect(screen.queryByTestId('newsroom-file')).toBeNull();
  expect(engine.useProfile).not.toHaveBeenCalled();
});

test('a file that is another one by now is shown anew with the reason', async () => {
  const user = userEvent.setup();
  engine.previewNewsroom.mockResolvedValueOnce(ok(PREVIEW)).mockResolvedValue(ok({ ...PREVIEW, seen: 'seen-2' }));
  engine.acceptNewsroom.mockResolvedValueOnce(no({ message: 'It is not as it was. Look at it again.' }));
  render(App);
  begin();
  hear({ told: 'newsroom', given: 'rushes = 1' });
  await user.click(await screen.findByTestId('newsroom-file-yes'));
  expect(await screen.findByTestId('newsroom-file-error')).toHaveTextContent('Look at it again.');
  await user.click(screen.getByTestId('newsroom-file-yes'));
  expect(engine.acceptNewsroom).toHaveBeenLastCalledWith({ given: 'rushes = 1', seen: 'seen-2', confirmed: [] });
});

test('files come one after the other, and not without end', async () => {
  const user = userEvent.setup();
  engine.previewNewsroom.mockImplementation(async (given: string) => ok({ ...PREVIEW, name: given, change: 'places' }));
  render(App);
  begin();
  for (let n = 0; n < 30; n += 1) hear({ told: 'newsroom', given: `file ${n % 20}` });
  for (let n = 0; n < 8; n += 1) {
    await waitFor(() => expect(screen.getByTestId('newsroom-file')).toHaveTextContent(`change file ${n}`));
    await user.click(screen.getByTestId('newsroom-file-no'));
  }
  await waitFor(() => expect(screen.queryByTestId('newsroom-file')).toBeNull());
});

test('a file that cannot be taken says why', async () => {
  engine.previewNewsroom.mockResolvedValue(no({ message: 'This newsroom file leads to this computer itself.' }));
  render(App);
  begin();
  hear({ told: 'newsroom', given: 'rushes = 1' });
  expect(await screen.findByTestId('newsroom-file-error')).toHaveTextContent('leads to this computer itself');
  expect(screen.queryByTestId('newsroom-file-yes')).toBeNull();
});

test('each address that would get keys of this computer is agreed to by itself', async () => {
  const user = userEvent.setup();
  const ontrust = vi.fn();
  const confirm = ['https://a.example', 'https://b.example'];
  const preview = {
    ...PREVIEW,
    change: 'places' as const,
    confirm,
    lines: [{ label: 'Bucket', value: '', was: 'agency-footage' }],
    warnings: [{ grave: true, text: 'This would send your existing keys elsewhere.' }],
  };
  render(NewsroomFileSheet, { preview, trouble: null, busy: false, ontrust, onclose: () => {} });
  expect(screen.getByTestId('newsroom-file-warning')).toHaveAttribute('data-grave', 'true');
  expect(screen.getByTestId('newsroom-file-line')).toHaveTextContent('Taken away');
  const boxes = screen.getAllByTestId('newsroom-file-confirm');
  expect(screen.getByTestId('newsroom-file-yes')).toBeDisabled();
  await user.click(boxes[0]!);
  expect(screen.getByTestId('newsroom-file-yes')).toBeDisabled();
  await user.click(boxes[1]!);
  await user.click(screen.getByTestId('newsroom-file-yes'));
  expect(ontrust).toHaveBeenCalledWith(confirm);
});

test('a newsroom is handed on as a file or as a link, and one that waits for keys says so', async () => {
  const user = userEvent.setup();
  engine.profiles.mockResolvedValue(ok([{ profile: NAIROBI, zone: 'Europe/Zurich', inUse: true, needsKeys: true }]));
  engine.saveNewsroom.mockResolvedValue(ok('/home/a/Nairobi bureau.rushes'));
  render(App);
  begin();
  expect(await screen.findByTestId('profile-switcher')).toHaveTextContent('Not signed in yet');
  await user.click(screen.getByTestId('profile-switcher'));
  expect(screen.getByTestId('profile-edit')).toHaveTextContent('Sign in…');
  await user.click(screen.getByTestId('profile-share'));
  expect(engine.saveNewsroom).toHaveBeenCalledWith(NAIROBI.name);
  expect(await screen.findByText(/holds no secret/)).toBeInTheDocument();
  await user.click(screen.getByTestId('profile-switcher'));
  await user.click(screen.getByTestId('profile-link'));
  expect(engine.exportNewsroom).toHaveBeenCalledWith(NAIROBI.name);
});
