// What the menu of a row offers: only what the row allows, and for several rows only what makes sense for several. Pure.
import type { Action } from './bindings';
import type { ListRow } from './cards';

export type Offer = { label: string; testid: string; danger?: boolean; run: () => void };

export type Doers = {
  act: (action: Action, rows: ListRow[]) => void;
  cancel: (rows: ListRow[]) => void;
  reveal: (row: ListRow) => void;
  breaking: (rows: ListRow[], breaking: boolean) => void;
  /** Without `ask` there is none any more. */
  deadline: (rows: ListRow[], ask: boolean) => void;
  copyKey: (row: ListRow) => void;
  details: (row: ListRow) => void;
};

export function offers(rows: ListRow[], detailsOpen: boolean, doers: Doers): Offer[] {
  const [only, second] = rows;
  if (!only) return [];
  const some = (action: Action) => rows.some((row) => row.can[action]);
  /** Of several rows it is said how many it goes for. */
  const n = (action: Action) => (second ? ` ${rows.filter((row) => row.can[action]).length}` : '');
  const act = (action: Action) => () => doers.act(action, rows);
  const open = rows.filter((row) => row.can.hasten);
  const hot = open.filter((row) => row.breaking);
  const calm = open.filter((row) => !row.breaking);
  const dated = open.filter((row) => row.due !== null);
  const of = (some: ListRow[]) => (second ? ` ${some.length}` : '');
  const all: (Offer | false)[] = [
    some('resume') && { label: `Resume${n('resume')}`, testid: 'row-resume', run: act('resume') },
    some('retry') && { label: `Try again${n('retry')}`, testid: 'row-retry', run: act('retry') },
    some('pause') && { label: `Pause${n('pause')}`, testid: 'row-pause', run: act('pause') },
    calm.length > 0 && {
      label: `Mark${of(calm)} breaking`,
      testid: 'row-breaking-on',
      run: () => doers.breaking(calm, true),
    },
    hot.length > 0 && {
      label: `Breaking no more${of(hot)}`,
      testid: 'row-breaking-off',
      run: () => doers.breaking(hot, false),
    },
    open.length > 0 && { label: `Deadline${of(open)}…`, testid: 'row-deadline', run: () => doers.deadline(open, true) },
    dated.length > 0 && {
      label: `No deadline${of(dated)}`,
      testid: 'row-no-deadline',
      run: () => doers.deadline(dated, false),
    },
    !second && { label: 'Show in folder', testid: 'row-reveal', run: () => doers.reveal(only) },
    !second && {
      label: only.files ? 'Copy its folder' : 'Copy key',
      testid: 'row-copy-key',
      run: () => doers.copyKey(only),
    },
    !second && {
      label: `${detailsOpen ? 'Hide' : 'Show'} ${only.files ? 'files' : 'details'}`,
      testid: 'row-details',
      run: () => doers.details(only),
    },
    some('forget') && { label: `Take${n('forget')} off the list`, testid: 'row-forget', run: act('forget') },
    some('cancel') && {
      label: `Cancel${n('cancel')}…`,
      testid: 'row-cancel',
      danger: true,
      run: () => doers.cancel(rows),
    },
  ];
  return all.filter((offer) => offer !== false);
}

/** What the space bar does. */
export const pauseOrResume = (rows: ListRow[], doers: Pick<Doers, 'act'>) =>
  doers.act(rows.some((row) => row.can.pause) ? 'pause' : 'resume', rows);

/** What the delete key does: what can be cancelled is, and what is over goes off the list. */
export function take(rows: ListRow[], doers: Pick<Doers, 'act' | 'cancel'>) {
  if (rows.some((row) => row.can.cancel)) doers.cancel(rows);
  else doers.act('forget', rows);
}
