// An engine that answers what a test tells it to, and rows and updates to begin with.
import { vi, type Mock } from 'vitest';

import { useApi, type Api, type Commands, type Trouble } from '../src/lib/api';
import type { Clip, Profile, Status, Told, TransferRow, Update, WatchFolder, WatchRow } from '../src/lib/bindings';
import { NO_TOTALS } from '../src/lib/state/transfers.svelte';
import { newFolder } from '../src/lib/watchform';

export type Stub = { [command in keyof Commands]: Mock };

export const ok = <T>(data: T) => ({ status: 'ok' as const, data });
export const no = (error: Partial<Trouble> = {}) => ({
  status: 'error' as const,
  error: { code: 'internal' as const, message: 'It did not work. Try again.', detail: 'cause', ...error },
});

export const NAIROBI: Profile = {
  name: 'Nairobi bureau',
  bureau: 'Nairobi',
  bucket: 'agency-footage',
  region: 'eu-west-1',
  endpoint: null,
  accelerate: false,
  keyTemplate: '{bureau}/{date}/{slug}/{name}',
  credentials: 'keychain',
  zone: 'Europe/Zurich',
};

export const NO_LIMITS = {
  settings: { plan: { always: { up: null, down: null }, schedule: [] }, uplinks: {} },
  now: { limits: { up: null, down: null }, until: null },
  zone: 'Europe/Zurich',
  uplinks: [],
};

/** The engine of this test; answers as an empty newsroom does until told otherwise. */
export function stub(): Stub & { told: (told: Told) => void } {
  const page = { clips: [], matching: 0, total: 0, bureaus: 0, asOf: 1, partial: false, trouble: null };
  const answers: Stub = {
    addFiles: vi.fn(async () => ok({ batch: 1, transfers: [1], leftOut: 0 })),
    fetchClips: vi.fn(async () => ok({ batch: 1, transfers: [1], leftOut: 0 })),
    act: vi.fn(async () => ok(null)),
    setBreaking: vi.fn(async () => ok(null)),
    setDeadline: vi.fn(async () => ok(null)),
    openPortal: vi.fn(async () => ok(null)),
    limits: vi.fn(async () => ok(NO_LIMITS)),
    setLimits: vi.fn(async () => ok(null)),
    routes: vi.fn(async () => ok([])),
    testRoutes: vi.fn(async () => no()),
    routeTests: vi.fn(async () => ok([])),
    dropAsks: vi.fn(async () => ok({ asks: [], last: {} })),
    reveal: vi.fn(async () => ok(null)),
    saveWatchFolder: vi.fn(async () => ok(1)),
    removeWatchFolder: vi.fn(async () => ok(null)),
    watchFolders: vi.fn(async () => ok([])),
    footage: vi.fn(async () => ok(page)),
    lookAgain: vi.fn(async () => ok(null)),
    clipDetails: vi.fn(async () => no()),
    profiles: vi.fn(async () =>
      ok([{ profile: NAIROBI, zone: 'Europe/Zurich', inUse: true, trouble: null, needsKeys: false }]),
    ),
    saveProfile: vi.fn(async () => ok(null)),
    useProfile: vi.fn(async () => ok(null)),
    renameProfile: vi.fn(async () => ok(null)),
    beginSignIn: vi.fn(async () => no()),
    openSignIn: vi.fn(async () => ok(null)),
    signInState: vi.fn(async () => no()),
    signInRoles: vi.fn(async () => ok([])),
    giveUpSignIn: vi.fn(async () => ok(null)),
    giveCode: vi.fn(async () => ok(null)),
    signOut: vi.fn(async () => ok(null)),
    removeProfile: vi.fn(async () => ok(null)),
    checkTemplate: vi.fn(async () => ok([])),
    usePractice: vi.fn(async () => ok(null)),
    support: vi.fn(async () => ok({ files: [] })),
    keepSupport: vi.fn(async () => ok(null)),
    previewNewsroom: vi.fn(async () => no()),
    acceptNewsroom: vi.fn(async () => ok(null)),
    exportNewsroom: vi.fn(async () => ok({ fileName: 'Nairobi.rushes', text: '', link: 'rushes://newsroom?file=x' })),
    saveNewsroom: vi.fn(async () => ok(null)),
    pickFiles: vi.fn(async () => ok([])),
    about: vi.fn(async () => ({ version: '0.1.0', system: 'linux', downloads: '/home/a/Downloads' })),
  };
  let hear: (told: Told) => void = () => {};
  const api: Api = {
    commands: answers as unknown as Commands,
    listen: async (ears) => {
      hear = ears;
    },
  };
  useApi(api);
  return { ...answers, told: (told) => hear(told) };
}

export function row(id: number, status: Status = { state: 'running' }, given: Partial<TransferRow> = {}): TransferRow {
  const { state } = status;
  const ended = state === 'done' || state === 'cancelled';
  return {
    id,
    batch: 1,
    direction: 'up',
    profile: NAIROBI.name,
    bucket: NAIROBI.bucket,
    key: `Nairobi/clip_${id}.mxf`,
    shown: `Nairobi/clip_${id}.mxf`,
    name: `clip_${id}.mxf`,
    path: `/footage/clip_${id}.mxf`,
    story: 'Market fire',
    size: 512_000_000,
    acked: ended ? 512_000_000 : 349_000_000,
    strip: [
      { is: 'acked', lane: 1, n: 60 },
      { is: 'acked', lane: 2, n: 6 },
      { is: 'inFlight', lane: 1, n: 14 },
      { is: 'open', lane: 0, n: 18 },
    ],
    parts: 98,
    partsInFlight: state === 'running' ? 14 : 0,
    rate: 10_500_000,
    eta: null,
    kept: 0,
    breaking: false,
    due: null,
    yields: false,
    metered: false,
    recording: false,
    said: null,
    second: false,
    portal: null,
    card: null,
    receipt: null,
    addedAt: 1000 + id,
    startedAt: 2000,
    endedAt: ended ? 43_000 : null,
    can: {
      pause: state === 'queued' || state === 'running' || state === 'waiting',
      resume: state === 'paused',
      cancel: !ended && state !== 'cancelling',
      retry: state === 'failed' || state === 'waiting',
      forget: ended,
      hasten: !ended && state !== 'cancelling',
    },
    ...given,
    ...status,
  };
}

export function update(rows: TransferRow[], given: Partial<Update> = {}): Update {
  return {
    seq: 1,
    whole: false,
    rows,
    gone: [],
    totals: NO_TOTALS,
    lanes: [],
    watching: [],
    footage: 1,
    profiles: 1,
    notices: [],
    ...given,
  };
}

export function clip(n: number, modified: number, given: Partial<Clip> = {}): Clip {
  return {
    key: `Lagos/clip_${n}.mp4`,
    shown: `Lagos/clip_${n}.mp4`,
    name: `clip_${n}.mp4`,
    bureau: 'Lagos',
    size: 5e8,
    modified,
    etag: `"${n}"`,
    ...given,
  };
}

export const DONE: Status = {
  state: 'done',
  proof: { by: 'wholeObject', algorithm: 'CRC64NVME', checksum: 'ofCTwnvkENg=' },
};

/** A watch folder that is kept under `id`, and how it is doing. */
export function watchRow(id: number, folder: Partial<WatchFolder> = {}, given: Partial<WatchRow> = {}): WatchRow {
  return {
    folder: { ...newFolder(`/media/ingest_${id}`, NAIROBI.name), id, ...folder },
    settling: 0,
    open: 0,
    sent: 12,
    skipped: 0,
    lastLook: 1000,
    byLooks: null,
    held: [],
    trouble: null,
    ...given,
  };
}
