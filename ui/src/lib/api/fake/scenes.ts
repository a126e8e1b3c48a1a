// What the fake engine begins with: the rows of the design's pictures, and very many rows. Invented.
import type { Can, Cell, Direction, Due, Profile, Run, Status, TransferRow } from '../../bindings';
import type { Trouble } from '../index';

export const NAIROBI: Profile = {
  name: 'Nairobi bureau',
  bureau: 'Nairobi',
  bucket: 'agency-footage',
  region: 'eu-west-1',
  endpoint: null,
  accelerate: true,
  keyTemplate: '{bureau}/{date}/{slug}/{name}',
  credentials: 'keychain',
  zone: 'Africa/Nairobi',
};

export const MB = 1_000_000;
export const PART = 5 * 1024 * 1024;

/** The fake's own row: it keeps its parts one by one. */
export type FakeRow = TransferRow & { cells: { is: Cell; lane: number }[]; speed: number };

export function canOf(state: Status['state']): Can {
  const ended = state === 'done' || state === 'cancelled';
  return {
    pause: state === 'queued' || state === 'running' || state === 'waiting',
    resume: state === 'paused',
    cancel: !ended && state !== 'cancelling',
    retry: state === 'failed' || state === 'waiting',
    forget: ended,
    hasten: !ended && state !== 'cancelling',
  };
}

export function runs(cells: FakeRow['cells']): Run[] {
  const strip: Run[] = [];
  for (const { is, lane } of cells) {
    const last = strip[strip.length - 1];
    if (last && last.is === is && last.lane === lane) last.n += 1;
    else strip.push({ is, lane, n: 1 });
  }
  return strip;
}

let nextId = 1;

export function row(
  name: string,
  size: number,
  status: Status,
  given: Partial<FakeRow> & { had?: number; lanes?: number } = {},
): FakeRow {
  const { had = 0, lanes = 2, ...rest } = given;
  const n = Math.min(200, Math.max(1, Math.ceil(size / PART)));
  const full = Math.round(n * had);
  const lane = () => (lanes === 1 || Math.random() < 0.72 ? 1 : lanes === 3 && Math.random() < 0.4 ? 3 : 2);
  const cells = Array.from({ length: n }, (_, i) =>
    i < full ? { is: 'acked' as const, lane: lane() } : { is: 'open' as const, lane: 0 },
  );
  const id = nextId++;
  const key = `Nairobi/2026-11-22/Market_fire/${name.replace(/[^A-Za-z0-9._-]+/g, '_')}`;
  const made = {
    id,
    batch: 1,
    direction: 'up' as Direction,
    profile: NAIROBI.name,
    bucket: NAIROBI.bucket,
    key,
    shown: key,
    name,
    path: `/footage/${name}`,
    story: '',
    size,
    acked: status.state === 'done' ? size : Math.round((size * full) / n),
    strip: runs(cells),
    parts: n,
    partsInFlight: 0,
    rate: 0,
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
    addedAt: Date.now() - 400_000 + id,
    startedAt: had > 0 ? Date.now() - 60_000 : null,
    endedAt: null,
    can: canOf(status.state),
    cells,
    speed: 0,
    ...rest,
  };
  return { ...made, ...status };
}

export function newRow(path: string, story: string): FakeRow {
  const name = path.split('/').pop()!;
  return row(name, 420 * MB, { state: 'running' }, { path, story, speed: 4 * MB, startedAt: Date.now() });
}

const trouble = (code: Trouble['code'], message: string, detail: string): Trouble => ({ code, message, detail });

export function busyRows(): FakeRow[] {
  const now = Date.now();
  const due = (spare: number): Due => ({
    at: now + 600_000,
    zone: 'Africa/Nairobi',
    verdict: spare < 0 ? { is: 'missed', by: -spare * 60_000 } : { is: 'made', spare: spare * 10_000 },
  });
  const ago = (s: number, took: number) => ({ startedAt: now - (s + took) * 1000, endedAt: now - s * 1000 });
  const down = { direction: 'down' as const };
  return [
    row(
      'MKR_fire_live_shot_01.mxf',
      512 * MB,
      { state: 'running' },
      { had: 0.66, speed: 5 * MB, story: 'Market fire', breaking: true, due: due(40) },
    ),
    row(
      'election_queue_drone_4K.mp4',
      1300 * MB,
      { state: 'running' },
      { had: 0.31, speed: 3.4 * MB, story: 'Election day', lanes: 3, due: due(-6) },
    ),
    row(
      'harbour_rescue_pool_feed.mov',
      733 * MB,
      { state: 'running' },
      { ...down, had: 0.44, speed: 2.1 * MB, story: '' },
    ),
    row(
      'minister_interview_cam_B.mov',
      486 * MB,
      {
        state: 'waiting',
        why: 'throttled',
        until: now + 71_000,
        error: trouble(
          'throttled',
          'The bucket asked for fewer requests. It goes on by itself in a moment.',
          'SlowDown · request 5K7R2M',
        ),
      },
      { had: 0.22, kept: 107 * MB, story: 'Cabinet' },
    ),
    row('press_room_wide_take_2.mxf', 1900 * MB, { state: 'paused' }, { had: 0.57, story: 'Cabinet', lanes: 1 }),
    row('press_room_wide_take_3.mxf', 640 * MB, { state: 'queued' }, { story: 'Cabinet', yields: true }),
    row(
      'hotel_lobby_standup.mp4',
      210 * MB,
      {
        state: 'waiting',
        why: 'portal',
        until: null,
        error: trouble(
          'captivePortal',
          'This network wants you to sign in first (hotel or café Wi-Fi). Sign in, then it goes on by itself.',
          '302 to portal.hotel.example',
        ),
      },
      { had: 0.1, story: 'Summit', portal: 'http://portal.hotel.example/sign-in' },
    ),
    row(
      'reef_survey_boat_interview_with_the_long_name_of_a_marine_biologist_cam_A_0042.mxf',
      402 * MB,
      {
        state: 'failed',
        error: trouble(
          'sourceChanged',
          'The file changed while it was being sent, so its parts would not fit together. Send it again when nothing writes to it any more.',
          'size was 402000000, is 402118656; modified 19:40:12',
        ),
      },
      { had: 0.4, story: 'Reef survey' },
    ),
    row(
      'harbour_aerials_graded.mp4',
      498 * MB,
      { state: 'done', proof: { by: 'wholeObject', algorithm: 'CRC64NVME', checksum: 'ofCTwnvkENg=' } },
      { ...down, had: 1, ...ago(640, 41) },
    ),
    row(
      'skyline_timelapse_dusk.mov',
      211 * MB,
      { state: 'done', proof: { by: 'eachPart', algorithm: 'MD5' } },
      { had: 1, ...ago(900, 24), story: 'Skyline' },
    ),
    row(
      '<img src=x onerror=alert(1)>.mp4',
      31 * MB,
      { state: 'done', proof: { by: 'lengthOnly' } },
      { ...down, had: 1, ...ago(3000, 6), lanes: 1 },
    ),
    ...cardRows(),
    row('wrong_card.mxf', 96 * MB, { state: 'cancelled' }, { ...ago(4000, 9) }),
  ];
}

/** A P2 card of four clips, on its way. */
function cardRows(): FakeRow[] {
  const card = { batch: 77, kind: 'p2' as const, name: 'P2_A001', clips: 4 };
  const proof = { by: 'wholeObject' as const, algorithm: 'CRC64NVME', checksum: 'ofCTwnvkENg=' };
  return ['0001AB', '0002CD', '0003EF', '0004GH'].flatMap((clip, i) => {
    const files: [string, number][] = [
      [`AUDIO/${clip}00.MXF`, 9 * MB],
      [`AUDIO/${clip}01.MXF`, 9 * MB],
      [`CLIP/${clip}.XML`, 0.02 * MB],
      [`ICON/${clip}.BMP`, 0.02 * MB],
      [`VIDEO/${clip}.MXF`, (380 + 90 * i) * MB],
    ];
    return files.map(([within, size]) => {
      const name = within.split('/').pop()!;
      const key = `Nairobi/2026-11-22/Market_fire/P2_A001/CONTENTS/${within}`;
      const given = {
        card,
        batch: 77,
        key,
        shown: key,
        path: `/media/P2_A001/CONTENTS/${within}`,
        story: 'Market fire',
      };
      if (i === 0 || (i === 1 && size < 10 * MB))
        return row(name, size, { state: 'done', proof }, { ...given, had: 1 });
      if (i === 1) return row(name, size, { state: 'running' }, { ...given, had: 0.4, speed: 5 * MB });
      return row(name, size, { state: 'queued' }, given);
    });
  });
}

export function manyRows(count: number): FakeRow[] {
  const [first, second, ...others] = busyRows();
  const proof = { by: 'wholeObject' as const, algorithm: 'CRC64NVME', checksum: 'ofCTwnvkENg=' };
  const many = Array.from({ length: count - 2 - others.length }, (_, i) => {
    const size = (40 + ((i * 37) % 900)) * MB;
    const name = `archive_${String(i).padStart(5, '0')}_take.mxf`;
    if (i % 3 === 0) return row(name, size, { state: 'queued' }, { story: 'Archive' });
    const endedAt = Date.now() - i * 1000;
    return row(
      name,
      size,
      { state: 'done', proof },
      { had: 1, story: 'Archive', startedAt: endedAt - 30_000, endedAt },
    );
  });
  return [first!, second!, ...others, ...many];
}
