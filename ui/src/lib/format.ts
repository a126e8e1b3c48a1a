// How figures, times and names are written, everywhere in the window. Pure: the present moment comes in as an argument.
// No sentences about transfers (see `words.ts`), no state, no DOM.

/** Between a figure and its unit. */
const NB = '\u00a0';
/** Between thousands. */
const THIN = '\u202f';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** 48212 → "48 212". */
export function count(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** 1, "clip" → "1 clip"; 3, "clip" → "3 clips". */
export function plural(n: number, word: string, many = `${word}s`): string {
  return `${count(n)}${NB}${n === 1 ? word : many}`;
}

function unitOf(n: number): number {
  let unit = 0;
  while (unit < UNITS.length - 1 && Number(inUnit(n, unit, Math.round)) >= 1000) unit += 1;
  return unit;
}

/** Bytes and kilobytes are written whole, megabytes whole from ten on, the rest with one place. */
function placesOf(n: number, unit: number): number {
  return unit < 2 || (unit === 2 && n / 1e6 >= 9.95) ? 0 : 1;
}

/** No ".0". */
function inUnit(n: number, unit: number, round: (x: number) => number): string {
  const tens = 10 ** placesOf(n, unit);
  return String(round((n / 1000 ** unit) * tens) / tens);
}

/** Decimal units: 512000000 → "512 MB", 1300000000 → "1.3 GB". */
export function bytes(n: number): string {
  const unit = unitOf(n);
  return `${inUnit(n, unit, Math.round)}${NB}${UNITS[unit]}`;
}

/** "349 of 512 MB", in the unit of the whole. Rounded down, so that it says all only when it is all. */
export function bytesOf(part: number, whole: number): string {
  if (part >= whole) return `${inUnit(whole, unitOf(whole), Math.round)} of ${bytes(whole)}`;
  const unit = unitOf(whole);
  const places = placesOf(whole, unit);
  const had = Math.floor((part / 1000 ** unit) * 10 ** places) / 10 ** places;
  return `${had.toFixed(places)} of ${bytes(whole)}`;
}

/** Whole percent, rounded down: 100 only when all of it is there. */
export function percent(part: number, whole: number): number {
  return whole <= 0 ? 100 : Math.max(0, Math.min(100, Math.floor((part / whole) * 100)));
}

/** Bytes a second as megabits a second, the figure alone: "84", "8.4", "0". */
export function mbits(bytesPerSecond: number): string {
  const rate = (bytesPerSecond * 8) / 1e6;
  return rate >= 9.95 ? count(rate) : String(Math.round(rate * 10) / 10);
}

export function rate(bytesPerSecond: number): string {
  return `${mbits(bytesPerSecond)}${NB}Mb/s`;
}

const two = (n: number) => String(n).padStart(2, '0');

/** "19:43", or "19:43:05" with seconds. */
export function clock(at: number, seconds = false): string {
  const d = new Date(at);
  return `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? `:${two(d.getSeconds())}` : ''}`;
}

const ZONED = new Map<string, Intl.DateTimeFormat>();

/** The parts of a moment as clocks in `zone` show it; as they do here where the webview knows no such zone. */
function zoned(at: number, zone: string): Record<string, string> {
  let format = ZONED.get(zone);
  if (!format) {
    const wanted = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
    try {
      format = new Intl.DateTimeFormat('en-GB', { ...wanted, hourCycle: 'h23', timeZone: zone });
    } catch {
      format = new Intl.DateTimeFormat('en-GB', { ...wanted, hourCycle: 'h23' });
    }
    ZONED.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** "18:00", as a clock in that zone shows it; with the day where it is not today's there: "Mon 08:00". */
export function clockIn(at: number, now: number, zone: string): string {
  const there = zoned(at, zone);
  const today = zoned(now, zone);
  const day = there.day === today.day && there.month === today.month ? '' : `${there.weekday} `;
  return `${day}${there.hour}:${there.minute}`;
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** How many midnights lie between: 0 today, 1 yesterday, -1 tomorrow. */
function daysBefore(at: number, now: number): number {
  const midnight = (ms: number) => {
    const d = new Date(ms);
    return Date.UTC(d.getFullYear(), d.getMonth(), d.getDate());
  };
  return Math.round((midnight(now) - midnight(at)) / (24 * HOUR));
}

export function midnightBefore(now: number): number {
  const d = new Date(now);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
}

/** A moment in words that is exact as far as somebody needs it: "19:43", "tomorrow 02:10", "18 Nov 19:12". */
export function moment(at: number, now: number, seconds = false): string {
  const days = daysBefore(at, now);
  if (days === 0) return clock(at, seconds);
  if (days === 1) return `yesterday ${clock(at)}`;
  if (days === -1) return `tomorrow ${clock(at)}`;
  const d = new Date(at);
  const year = d.getFullYear() === new Date(now).getFullYear() ? '' : ` ${d.getFullYear()}`;
  return `${d.getDate()} ${MONTHS[d.getMonth()]?.slice(0, 3)}${year} ${clock(at)}`;
}

/** When a transfer lands: with seconds where it is near. */
export function landing(at: number, now: number): string {
  return moment(at, now, at - now < HOUR);
}

/** The heading of a day's clips: "Today", "Yesterday", "Wednesday 18 November". */
export function day(at: number, now: number): string {
  const days = daysBefore(at, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  const d = new Date(at);
  const year = d.getFullYear() === new Date(now).getFullYear() ? '' : ` ${d.getFullYear()}`;
  return `${WEEKDAYS[d.getDay()]} ${d.getDate()} ${MONTHS[d.getMonth()]}${year}`;
}

/** "41 s", "1 min 11 s", "2 h 5 min", "3 d 4 h". */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / SECOND));
  const parts: [number, string][] =
    s < 60
      ? [[s, 's']]
      : s < 3600
        ? [[Math.floor(s / 60), 'min'], [s % 60, 's']] // prettier-ignore
        : s < 86_400
          ? [[Math.floor(s / 3600), 'h'], [Math.floor((s % 3600) / 60), 'min']] // prettier-ignore
          : [[Math.floor(s / 86_400), 'd'], [Math.floor((s % 86_400) / 3600), 'h']]; // prettier-ignore
  return parts
    .filter(([n], i) => i === 0 || n > 0)
    .map(([n, unit]) => `${n}${NB}${unit}`)
    .join(' ');
}

/** The ending of a file's name in capitals, where it has a plain one: "MXF". */
export function ending(name: string): string {
  return /.\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1]?.toUpperCase() ?? '';
}

export type Kind = 'video' | 'audio' | 'picture' | 'text' | 'file';

const KINDS: Record<Exclude<Kind, 'file'>, string> = {
  video: 'MXF MP4 MOV M4V AVI MKV MTS M2TS M2T TS MPG MPEG WEBM R3D BRAW ARI CRM GXF LXF WMV 3GP INSV',
  audio: 'WAV MP3 AAC M4A AIF AIFF FLAC OGG OPUS BWF',
  picture: 'JPG JPEG PNG TIF TIFF HEIC DNG CR2 CR3 NEF ARW WEBP GIF BMP PSD EXR DPX',
  text: 'TXT XML SRT STL VTT SCC JSON CSV PDF RTF DOC DOCX XMP ALE EDL',
};

/** What a file is, as far as its name tells. */
export function kind(name: string): Kind {
  const end = ending(name);
  for (const [kind, endings] of Object.entries(KINDS)) {
    if (end && endings.split(' ').includes(end)) return kind as Kind;
  }
  return 'file';
}

/** The last segment of a path of any system. */
export function lastSegment(path: string): string {
  return (
    path
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .pop() || path
  );
}

/** A checksum as S3 stores it (base64) in hexadecimal, in groups that can be read aloud: "a1f0 93c2 7be4 10d8". */
export function checksumGroups(base64: string): string {
  try {
    const hex = Array.from(atob(base64), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
    return hex.replace(/(.{4})(?=.)/g, '$1 ');
  } catch {
    return base64;
  }
}

/** A storage class as S3 spells it, to read: "INTELLIGENT_TIERING" → "Intelligent-Tiering". */
export function storageClass(name: string): string {
  const known: Record<string, string> = {
    INTELLIGENT_TIERING: 'Intelligent-Tiering',
    STANDARD_IA: 'Standard, infrequent access',
    ONEZONE_IA: 'One zone, infrequent access',
    GLACIER: 'Glacier Flexible Retrieval',
    GLACIER_IR: 'Glacier Instant Retrieval',
    DEEP_ARCHIVE: 'Glacier Deep Archive',
  };
  return known[name] ?? name.charAt(0) + name.slice(1).toLowerCase().replace(/_/g, ' ');
}
