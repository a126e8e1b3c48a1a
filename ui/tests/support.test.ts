// The support bundle's sheet: what is shown is all, and what is kept is the shell's.
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

import App from '../src/App.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import { supportSheets } from '../src/lib/state/support.svelte';
import { no, ok, stub, type Stub } from './stub';

let engine: Stub;
beforeEach(() => {
  engine = stub();
  profiles.rows = null;
  supportSheets.close();
});

const files = [
  { name: 'rushes.json', holds: 'Which Rushes this is.', text: '{ "version": "0.1.0" }' },
  { name: 'logs/rushes.2026-11-26.log', holds: 'What Rushes noted.', text: 'WARN <b>#1f9c03ab.mxf</b>' },
];

async function opened() {
  engine.support.mockResolvedValue(ok({ files }));
  render(App);
  await profiles.load();
  await userEvent.click(await screen.findByTestId('profile-switcher'));
  await userEvent.click(await screen.findByTestId('support'));
  return screen.findByTestId('support-sheet');
}

test('all of the bundle is shown before it is kept, as text', async () => {
  const sheet = await opened();
  const rows = within(sheet).getAllByTestId('support-file');
  expect(rows.map((row) => row.dataset.name)).toEqual(files.map((file) => file.name));
  expect(
    within(sheet)
      .getAllByTestId('support-text')
      .map((text) => text.textContent),
  ).toEqual(files.map((file) => file.text));
  expect(engine.keepSupport).not.toHaveBeenCalled();
});

test('it is kept by the shell alone, and where it is, is said', async () => {
  const sheet = await opened();
  engine.keepSupport.mockResolvedValueOnce(ok(null));
  await userEvent.click(within(sheet).getByTestId('support-keep'));
  expect(screen.queryByTestId('support-sheet')).not.toBeNull();
  engine.keepSupport.mockResolvedValueOnce(no({ message: 'The disk is full.' }));
  await userEvent.click(within(sheet).getByTestId('support-keep'));
  await screen.findByText('The disk is full.');
  engine.keepSupport.mockResolvedValueOnce(ok('/home/amina/rushes-support-2026-11-26.zip'));
  await userEvent.click(within(sheet).getByTestId('support-keep'));
  await waitFor(() => expect(screen.queryByTestId('support-sheet')).toBeNull());
  await screen.findByText(/rushes-support-2026-11-26.zip/);
  expect(engine.keepSupport.mock.calls.every((call) => call.length === 0)).toBe(true);
});
