// The sentences about transfers: what their rows and the head of the list say. Pure; figures are written by `format.ts`.
import type { InForce, Limits, Proof, ReceiptState, Totals, TransferRow } from './bindings';
import { KINDS, type ListRow } from './cards';
import { bytes, bytesOf, clockIn, count, duration, landing, mbits, moment, percent, plural, rate } from './format';
import { needsYou } from './order';

/** Between a figure and its unit. */
const NB = '\u00a0';

/** "3 going up · 1 done today · 1.4 GB left" */
export function totalsSentence(t: Totals): string {
  const said = [
    t.goingUp > 0 && `${count(t.goingUp)} going up`,
    t.comingDown > 0 && `${count(t.comingDown)} coming down`,
    t.waiting > 0 && `${count(t.waiting)} waiting`,
    t.paused > 0 && `${count(t.paused)} paused`,
    t.needsYou > 0 && `${count(t.needsYou)} ${t.needsYou === 1 ? 'needs' : 'need'} you`,
    t.late > 0 && `${count(t.late)} late`,
  ].filter((part) => part !== false);
  if (said.length === 0) said.push('Nothing is on its way');
  if (t.doneToday > 0) said.push(`${count(t.doneToday)} done today`);
  if (t.bytesLeft > 0) said.push(`${bytes(t.bytesLeft)} left`);
  return said.join(' · ');
}

export type Tone = 'moving' | 'ok' | 'needs' | 'quiet' | 'live';
export type Sign =
  'up' | 'down' | 'checking' | 'queued' | 'waiting' | 'paused' | 'needs' | 'verified' | 'done' | 'ended';

/** A row's status as icon, word and colour. */
export function statusTag(row: TransferRow): { sign: Sign; word: string; tone: Tone } {
  if (needsYou(row)) return { sign: 'needs', word: row.portal === null ? 'Needs you' : 'Sign in', tone: 'needs' };
  if (row.yields || row.metered) return { sign: 'waiting', word: 'Waiting', tone: 'quiet' };
  switch (row.state) {
    case 'running':
      return row.direction === 'up'
        ? { sign: 'up', word: row.recording ? 'Recording' : 'Going up', tone: 'moving' }
        : { sign: 'down', word: 'Coming down', tone: 'moving' };
    case 'finishing':
      return { sign: 'checking', word: 'Checking', tone: 'moving' };
    case 'waiting':
      return { sign: 'waiting', word: 'Waiting', tone: 'quiet' };
    case 'paused':
      return { sign: 'paused', word: 'Paused', tone: 'quiet' };
    case 'cancelling':
      return { sign: 'ended', word: 'Cancelling', tone: 'quiet' };
    case 'cancelled':
      return { sign: 'ended', word: 'Cancelled', tone: 'quiet' };
    case 'done':
      return row.proof.by === 'lengthOnly'
        ? { sign: 'done', word: 'Done', tone: 'quiet' }
        : { sign: 'verified', word: 'Verified', tone: 'ok' };
    default:
      return { sign: 'queued', word: 'In line', tone: 'quiet' };
  }
}

export function proofSentence(proof: Proof): string {
  switch (proof.by) {
    case 'wholeObject':
      return `Checksum matches the bucket · ${proof.algorithm}`;
    case 'eachPart':
      return `Each part checked on arrival · ${proof.algorithm}`;
    case 'lengthOnly':
      return 'Length matches; the bucket has no checksum';
  }
}

/** Whether the card that a clip came with may be wiped: said only where all of it is proved. */
export function receiptLine(receipt: ReceiptState): { sign: Sign; word: string; tone: Tone; rest: string } | null {
  switch (receipt.state) {
    case 'none':
      return null;
    case 'checking':
      return {
        sign: 'checking',
        word: 'Checking the card',
        tone: 'moving',
        rest: `${readAgain(receipt)}. Do not wipe it yet`,
      };
    case 'safe':
      return { sign: 'verified', word: 'Safe to wipe this card', tone: 'ok', rest: receipt.remark ?? '' };
    case 'trouble':
      return { sign: 'needs', word: 'Do not wipe this card', tone: 'needs', rest: receipt.sentence };
  }
}

function readAgain({ read = 0, of = 0 }: { read?: number; of?: number }): string {
  return of > 0 ? `It is read again: ${bytes(read)} of ${bytes(of)}` : 'It is read again';
}

/** What stands behind the tag: "Market fire · 512 MB". */
export function subLine(row: ListRow): string {
  const down = row.direction === 'down' && row.state === 'done';
  if (row.second) return `To the second bucket: the first does not answer · ${bytes(row.size)}`;
  const what = row.files && row.card ? `${KINDS[row.card.kind]} card · ${plural(row.card.clips, 'clip')}` : row.story;
  if (row.recording) return [waits(row), what, `Recording: ${bytes(row.size)} so far`].filter(Boolean).join(' · ');
  return [waits(row) || (down ? 'Downloaded' : what), bytes(row.size)].filter(Boolean).join(' · ');
}

function waits(row: TransferRow): string {
  return row.metered ? 'Waits for another network' : row.yields ? 'Yields to breaking' : '';
}

export type Line = { strong: string; rest: string; right: string };

/** The line below the strip. */
export function progressLine(row: ListRow): Line {
  const up = row.direction === 'up';
  const none = { strong: '', rest: '', right: '' };
  switch (row.state) {
    case 'done':
      return { ...none, rest: proofSentence(row.proof), right: took(row) };
    case 'finishing':
      return {
        ...none,
        strong: up ? 'All of it is sent' : 'All of it is here',
        rest: 'now checked against the bucket',
      };
    case 'cancelling':
      return { ...none, rest: up ? 'Taking back what was sent' : 'Removing what came down' };
    case 'cancelled':
      if (row.files && row.files.done > 0) {
        return { ...none, rest: `${count(row.files.done)} of ${count(row.files.count)} files are in the bucket` };
      }
      return { ...none, rest: up ? 'Nothing of it is in the bucket' : 'Nothing of it is on this computer' };
  }
  const right =
    row.state === 'running' && row.partsInFlight > 0 ? `${plural(row.partsInFlight, 'part')} in flight` : '';
  if (row.acked === 0) return { ...none, rest: nothingYet(row), right };
  // Of what is still written, a share would be one of nobody knows what.
  if (row.recording) return { ...none, rest: `${bytes(row.acked)} sent and checked, the rest as it is written`, right };
  const had = bytesOf(row.acked, row.size);
  const strong = `${percent(row.acked, row.size)}\u00a0%`;
  // What this run of the engine found there already is said, so that nobody fears for it.
  if (row.kept > 0 && row.kept >= row.acked) return { strong, rest: `${had} kept from before`, right };
  const kept = row.kept > 0 ? ` · ${bytes(row.kept)} kept from before` : '';
  return { strong, rest: `${had} ${up ? 'sent and checked' : 'received'}${kept}`, right };
}

function nothingYet(row: TransferRow): string {
  if (row.metered) return 'Only breaking clips go through the networks that are here';
  if (row.yields) return 'Goes on when the breaking clips leave room';
  if (row.state === 'queued') return 'Begins when those before it leave room';
  if (row.state === 'running') return 'Opening the way to the bucket';
  return row.direction === 'up' ? 'Nothing of it is sent yet' : 'Nothing of it is here yet';
}

function took(row: TransferRow): string {
  return row.startedAt !== null && row.endedAt !== null ? duration(row.endedAt - row.startedAt) : '';
}

/** The column of times: a clock time, and below it what goes with it. */
export function landingLines(row: TransferRow, now: number): { main: string; below: string } {
  const left = row.size > row.acked ? `${bytes(row.size - row.acked)} left` : '';
  if (needsYou(row)) return { main: '', below: left };
  switch (row.state) {
    case 'running':
      if (row.eta === null) return { main: row.rate > 0 ? rate(row.rate) : '', below: left };
      // What waits its turn has no rate of its own.
      return {
        main: landing(row.eta, now),
        below: [`in ${duration(row.eta - now)}`, row.rate > 0 && rate(row.rate)].filter(Boolean).join(' · '),
      };
    case 'queued':
    case 'finishing':
      return row.eta === null
        ? { main: '', below: left }
        : { main: landing(row.eta, now), below: `in ${duration(row.eta - now)}` };
    case 'waiting':
      return row.until === null
        ? { main: '', below: left }
        : { main: landing(row.until, now), below: `tries again in ${duration(row.until - now)}` };
    case 'done':
      return { main: row.endedAt === null ? '' : moment(row.endedAt, now), below: average(row) };
    case 'cancelled':
      return { main: row.endedAt === null ? '' : moment(row.endedAt, now), below: '' };
    default:
      return { main: '', below: left };
  }
}

/** Only where all of it went in one go: a night's pause would make a lie of it. */
function average(row: TransferRow): string {
  if (row.startedAt === null || row.endedAt === null || row.kept > 0 || row.size === 0) return '';
  const seconds = (row.endedAt - row.startedAt) / 1000;
  return seconds >= 0.5 ? `${rate(row.size / seconds)} average` : '';
}

/** What a screen reader hears of a row's progress. */
export function progressText(row: TransferRow): string {
  const { strong, rest } = progressLine(row);
  return [row.breaking ? 'Breaking' : '', statusTag(row).word, strong, rest].filter(Boolean).join(', ');
}

/** The deadline and whether it is made: "for the 18:00 Europe/Zurich · lands 17:52, 8 min to spare". */
export function dueLine(row: TransferRow, now: number): { late: boolean; text: string } | null {
  if (row.due === null) return null;
  const { at, zone, verdict } = row.due;
  const clock = (moment: number) => clockIn(moment, now, zone);
  const done = row.state === 'done';
  const what = `for the ${clock(at)} ${zone}`;
  const lands = done ? row.endedAt : row.eta;
  const when = lands === null ? '' : `${done ? 'landed' : 'lands'} ${clock(lands)}, `;
  switch (verdict.is) {
    case 'made':
      return { late: false, text: `${what} · ${when}${span(verdict.spare)} to spare` };
    case 'missed':
      return { late: true, text: `${what} · ${when || 'not there yet, '}${span(verdict.by)} late` };
    case 'unknown':
      return { late: false, text: `${what} · not known yet whether it lands in time` };
  }
}

/** Forecasts are not exact to the second. */
function span(ms: number): string {
  return ms < 60_000 ? duration(ms) : duration(Math.floor(ms / 60_000) * 60_000);
}

/** "20 Mb/s up", "20 up, 50 down Mb/s", or nothing where there is no limit. */
export function limitFigures({ up, down }: Limits): string {
  if (up !== null && down !== null) return up === down ? rate(up) : `${mbits(up)} up, ${mbits(down)} down${NB}Mb/s`;
  if (up !== null) return `${rate(up)} up`;
  return down === null ? '' : `${rate(down)} down`;
}

/** "Limited to 20 Mb/s up until 18:00"; where nothing holds now, from when. */
export function limitSentence({ limits, until }: InForce, now: number, zone: string): string {
  const figures = limitFigures(limits);
  const end = until === null ? '' : ` until ${clockIn(until, now, zone)}`;
  return figures === '' ? `No limit${end}` : `Limited to ${figures}${end}`;
}

/** The question before transfers are cancelled. */
export function cancelQuestion(rows: ListRow[]): { title: string; text: string; yes: string; no: string } {
  const up = rows.some((row) => row.direction === 'up');
  const down = rows.some((row) => row.direction === 'down');
  const text = [
    up && 'What was sent is taken back from the bucket. The files on this computer stay.',
    down && 'What came down is removed from this computer. The clips in the bucket stay.',
  ];
  const one = rows.length === 1;
  const what = rows[0]?.files ? 'card' : 'transfer';
  return {
    title: one ? `Cancel this ${what}?` : `Cancel ${plural(rows.length, 'transfer')}?`,
    text: text.filter(Boolean).join(' '),
    yes: one ? `Cancel the ${what}` : `Cancel ${plural(rows.length, 'transfer')}`,
    no: one ? 'Keep it going' : 'Keep them going',
  };
}
