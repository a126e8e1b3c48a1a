// The sentences about watch folders: what they do and how they are doing. Pure; figures are written by `format.ts`.
import type { Afterwards, KeyExample, WatchFolder, WatchRow } from './bindings';
import { askedBy, ASKED } from './fields';
import { count, plural, rate } from './format';
import type { Tone } from './words';

export type WatchSign = 'watching' | 'looks' | 'stopped' | 'needs';

/** A folder that somebody stopped needs nobody. */
export const folderNeedsYou = (row: WatchRow): boolean => row.trouble !== null && !row.folder.stopped;

/** How a folder is doing, as icon, word and colour. */
export function folderTag(row: WatchRow): { sign: WatchSign; word: string; tone: Tone } {
  if (row.folder.stopped) return { sign: 'stopped', word: 'Stopped', tone: 'quiet' };
  if (row.trouble !== null) return { sign: 'needs', word: 'Needs you', tone: 'needs' };
  if (row.byLooks !== null) return { sign: 'looks', word: 'By looks only', tone: 'moving' };
  return { sign: 'watching', word: 'Watching', tone: 'ok' };
}

/** "3 folders watched · 1 stopped · 1 needs you" */
export function foldersSentence(rows: readonly WatchRow[]): string {
  const stopped = rows.filter((row) => row.folder.stopped).length;
  const needs = rows.filter(folderNeedsYou).length;
  const watched = rows.length - stopped;
  return [
    watched === 0 ? 'No folder is watched' : `${plural(watched, 'folder')} watched`,
    stopped > 0 && `${count(stopped)} stopped`,
    needs > 0 && `${count(needs)} ${needs === 1 ? 'needs' : 'need'} you`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** "Only *.mxf, *.mov · never Proxy/**" */
export function filterSentence({ only, except }: WatchFolder): string {
  const wanted = only.length === 0 ? 'All files' : `Only ${only.join(', ')}`;
  return except.length === 0 ? wanted : `${wanted} · never ${except.join(', ')}`;
}

export const AFTERWARDS: Record<Afterwards, { label: string; means: string; short: string }> = {
  leave: {
    label: 'Leave it where it is',
    means: 'Nothing in the folder changes. What was sent is not sent twice.',
    short: 'Stays where it is',
  },
  move: {
    label: 'Move it to “Sent”',
    means: 'Once it is in the bucket it goes into the folder “Sent” within this one.',
    short: 'Moves to “Sent” in this folder',
  },
  delete: {
    label: 'Delete here once it is proved in the bucket',
    means: 'The bucket then has the only copy. It does not go into the bin.',
    short: 'Deleted here once it is proved in the bucket',
  },
};

/** "Breaking · while it is shot · at most 20 Mb/s" */
export function mannerSentence({ breaking, whileShot, limit, quietSeconds }: WatchFolder): string {
  const said = [
    breaking && 'Breaking',
    whileShot ? 'Goes up while it is shot' : 'Goes up once it is whole',
    limit !== null && `at most ${rate(limit)}`,
    quietSeconds !== null && `unchanged for ${count(quietSeconds)}\u00a0s`,
  ];
  return said.filter(Boolean).join(' · ');
}

/** A key template with a folder's own words in their places, as far as there are any: what the engine makes of it, the
 *  folder's files get. */
export const filledTemplate = (template: string, { fields }: WatchFolder): string =>
  ASKED.reduce((filled, field) => {
    const word = fields[field]?.replace(/[/{}]/g, '_');
    return word ? filled.split(`{${field}}`).join(word) : filled;
  }, template);

/** Of the engine's examples the one in which fields that still stand there are left empty. */
export const exampleOf = (examples: readonly KeyExample[], filled: string): string =>
  examples[askedBy(filled).length === 0 ? 0 : 1]?.key ?? '';
