// A camera card as one row of the list: what its files are together. Pure; knows rows only. Its id is its batch's with a
// minus before it, so that no transfer has the same.
import type { Can, Proof, Run, Status, TransferRow } from './bindings';

/** How many files a card has, of them how many are in the bucket and how many need somebody. */
export type Files = { count: number; done: number };

/** A row of the list: of a transfer, or of a card. */
export type ListRow = TransferRow & { files?: Files };

const COLUMNS = 200;

export const KINDS = { xdcam: 'XDCAM', p2: 'P2', sonyMp4: 'Sony MP4', canon: 'Canon', avchd: 'AVCHD' } as const;

export const cardId = (batch: number) => -batch;

/** The worst of what its files are comes first. */
const WORST: Status['state'][] = [
  'failed',
  'waiting',
  'running',
  'finishing',
  'queued',
  'cancelling',
  'paused',
  'cancelled',
  'done',
];
const PROOFS: Proof['by'][] = ['lengthOnly', 'eachPart', 'wholeObject'];

/** Of at least one file of a card, in the order in which they were dropped. */
export function cardRow(files: readonly TransferRow[]): ListRow {
  const [first] = files as [TransferRow, ...TransferRow[]];
  const card = first.card!;
  const of = files.filter((file) => file.state !== 'cancelled');
  const counted = of.length > 0 ? of : files;
  const sum = (figure: (file: TransferRow) => number) => counted.reduce((all, file) => all + figure(file), 0);
  const underway = counted.filter((file) => ['running', 'finishing', 'queued', 'waiting'].includes(file.state));
  const ended = files.every((file) => file.can.forget);
  const size = sum((file) => file.size);
  return {
    ...first,
    ...worst(files),
    id: cardId(card.batch),
    card,
    name: card.name,
    key: folderOf(files.map((file) => file.key)),
    shown: folderOf(files.map((file) => file.shown)),
    path: folderOf(files.map((file) => file.path)),
    size,
    acked: sum((file) => file.acked),
    strip: stripOf(counted, size),
    parts: sum((file) => file.parts),
    partsInFlight: sum((file) => file.partsInFlight),
    rate: sum((file) => file.rate),
    eta: last(underway.map((file) => file.eta)),
    kept: sum((file) => file.kept),
    breaking: files.some((file) => file.breaking),
    due: files.find((file) => file.due?.verdict.is === 'missed')?.due ?? files.find((file) => file.due)?.due ?? null,
    yields: underway.length > 0 && underway.every((file) => file.yields),
    metered: underway.length > 0 && underway.every((file) => file.metered),
    second: files.some((file) => file.second),
    portal: files.find((file) => file.portal !== null)?.portal ?? null,
    startedAt: files.reduce<number | null>(
      (least, { startedAt: at }) => (at === null || (least ?? at) < at ? least : at),
      null,
    ),
    endedAt: ended ? last(files.map((file) => file.endedAt)) : null,
    can: canOf(files, ended),
    files: { count: files.length, done: files.filter((file) => file.state === 'done').length },
  };
}

/** The state of the file that is worst off. What went wrong is said with its name. */
function worst(files: readonly TransferRow[]): Status {
  const rank = (file: TransferRow) =>
    WORST.indexOf(file.state) + (file.state === 'waiting' && file.until === null ? -1 : 0);
  const file = files.reduce((a, b) => (rank(b) < rank(a) ? b : a));
  const said = (error: { message: string }) => `${file.name}: ${error.message}`;
  switch (file.state) {
    case 'failed':
      return { state: 'failed', error: { ...file.error, message: said(file.error) } };
    case 'waiting':
      return { state: 'waiting', why: file.why, until: file.until, error: file.error };
    case 'done': {
      const proofs = files.flatMap((one) => (one.state === 'done' ? one.proof : []));
      const weakest = proofs.reduce((a, b) => (PROOFS.indexOf(b.by) < PROOFS.indexOf(a.by) ? b : a));
      return { state: 'done', proof: weakest, gained: null };
    }
    default:
      return { state: file.state };
  }
}

/** What may be asked of one of its files may be asked of it; it leaves the list as a whole. */
function canOf(files: readonly TransferRow[], ended: boolean): Can {
  const some = (what: keyof Can) => files.some((file) => file.can[what]);
  return {
    pause: some('pause'),
    resume: some('resume'),
    cancel: some('cancel'),
    retry: some('retry'),
    forget: ended,
    hasten: some('hasten'),
  };
}

/** The last moment of all; none where one of them has none. */
function last(moments: (number | null)[]): number | null {
  if (moments.length === 0 || moments.some((at) => at === null)) return null;
  return moments.reduce<number>((latest, at) => Math.max(latest, at!), 0);
}

/** What is at the middle of each column's bytes: a picture of the card, file after file. */
export function stripOf(files: readonly TransferRow[], size: number): Run[] {
  const columns = Math.max(
    1,
    Math.min(
      COLUMNS,
      files.reduce((sum, file) => sum + file.parts, 0),
    ),
  );
  const runs: Run[] = [];
  let at = 0;
  let before = 0;
  for (let column = 0; column < columns; column += 1) {
    const byte = ((column + 0.5) * size) / columns;
    while (at < files.length - 1 && before + files[at]!.size <= byte) before += files[at++]!.size;
    const { is, lane } = runAt(files[at]!, byte - before);
    const end = runs.at(-1);
    if (end && end.is === is && end.lane === lane) end.n += 1;
    else runs.push({ is, lane, n: 1 });
  }
  return runs;
}

function runAt(file: TransferRow, byte: number): Run {
  const all = file.strip.reduce((sum, run) => sum + run.n, 0);
  let column = file.size > 0 ? Math.min(all - 1, Math.floor((byte / file.size) * all)) : 0;
  for (const run of file.strip) {
    if (column < run.n) return run;
    column -= run.n;
  }
  return { is: 'open', lane: 0, n: 1 };
}

/** The folder that all of these are in. */
function folderOf(paths: readonly string[]): string {
  const [first = ''] = paths;
  let length = first.length;
  for (const path of paths) {
    let same = 0;
    while (same < length && path[same] === first[same]) same += 1;
    length = same;
  }
  return first.slice(0, Math.max(first.lastIndexOf('/', length - 1), first.lastIndexOf('\\', length - 1)) + 1);
}
