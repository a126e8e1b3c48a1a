// The footage as somebody looks through it.
import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

import { footage } from '../src/lib/state/footage.svelte';
import { profiles } from '../src/lib/state/profiles.svelte';
import Footage from '../src/views/Footage.svelte';
import { clip, no, ok, stub, type Stub } from './stub';

const HOSTILE = '<img src=x onerror=alert(1)>';
const now = Date.now();
const clips = [
  clip(1, now, { name: HOSTILE, key: `Lagos/spread-0a/${HOSTILE}`, shown: `Lagos/${HOSTILE}` }),
  clip(2, now - 1),
  clip(3, now - 2),
];

let engine: Stub;
beforeEach(async () => {
  engine = stub();
  await profiles.load();
  engine.footage.mockImplementation(async ({ text }) =>
    ok({
      clips: text ? [] : clips,
      matching: text ? 0 : 3,
      total: 48_212,
      bureaus: 9,
      asOf: now,
      partial: true,
      trouble: null,
    }),
  );
  footage.forget();
  footage.hear(Math.random());
});

test('clips are chosen by arrow keys, looked at, and brought by enter', async () => {
  const user = userEvent.setup();
  engine.clipDetails.mockResolvedValue(
    ok({
      clip: clips[0],
      contentType: 'video/mp4',
      storageClass: 'STANDARD',
      checksum: { algorithm: 'CRC64NVME', value: 'ofCTwnvkENg=' },
      originalName: null,
      slug: 'HARBOUR',
    }),
  );
  render(Footage);
  const cards = await screen.findAllByTestId('footage-card');
  expect(document.querySelector('img')).toBeNull();
  expect(cards[0]).toHaveAttribute('data-key', `Lagos/spread-0a/${HOSTILE}`);
  expect(screen.getByTestId('footage-totals').textContent?.replace(/[\u00a0\u202f]/g, ' ')).toMatch(
    /^48 212 clips · 9 bureaus · as of \d\d:\d\d · the bucket holds more than are listed here$/,
  );
  screen.getByRole('listbox').focus();
  await user.keyboard('{ArrowRight}');
  await waitFor(() => expect(screen.getByTestId('proof-box')).toHaveTextContent('a1f0 93c2 7be4 10d8'));
  expect(screen.getByTestId('clip-details')).toHaveTextContent('HARBOUR');
  expect(screen.getByTestId('clip-details')).toHaveTextContent(`Lagos/${HOSTILE}`);
  expect(screen.getByTestId('clip-details')).not.toHaveTextContent('spread-0a');
  await user.keyboard('{Shift>}{ArrowRight}{/Shift}');
  expect(screen.getByTestId('footage-download').textContent?.replace(/\s+/g, ' ').trim()).toBe(
    'Download 2 clips · 1 GB',
  );
  await user.keyboard('{Enter}');
  expect(engine.fetchClips).toHaveBeenCalledWith({
    profile: 'Nairobi bureau',
    keys: [`Lagos/spread-0a/${HOSTILE}`, 'Lagos/clip_2.mp4'],
    into: null,
  });
});

test('a clip whose details cannot be had says why', async () => {
  engine.clipDetails.mockResolvedValue(no({ message: 'The clip is not there any more.' }));
  render(Footage);
  await userEvent.click((await screen.findAllByTestId('footage-card'))[1]!);
  expect(await screen.findByText('The clip is not there any more.')).toBeInTheDocument();
});

test('a slash begins a search, and nothing found is said', async () => {
  const user = userEvent.setup();
  render(Footage);
  await screen.findAllByTestId('footage-card');
  await user.keyboard('/');
  expect(screen.getByTestId('footage-search')).toHaveFocus();
  await user.keyboard('volcano');
  expect(await screen.findByText('No clip has “volcano” in its key')).toBeInTheDocument();
  await user.click(screen.getByTestId('look-again'));
  expect(engine.lookAgain).toHaveBeenCalled();
});
