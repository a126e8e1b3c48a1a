// The fake engine's watch folders, one in each condition that there is. Invented.
import type { WatchFolder, WatchRow } from '../../bindings';
import { newFolder } from '../../watchform';
import { NAIROBI } from './scenes';

const MBIT = 125_000;
const folder = (id: number, path: string, given: Partial<WatchFolder> = {}): WatchFolder => ({
  ...newFolder(path, NAIROBI.name),
  id,
  ...given,
});

const row = (folder: WatchFolder, given: Partial<WatchRow> = {}): WatchRow => ({
  folder,
  settling: 0,
  open: 0,
  sent: 0,
  skipped: 0,
  lastLook: Date.now(),
  byLooks: null,
  held: [],
  trouble: null,
  ...given,
});

function begun(): WatchRow[] {
  return [
    row(
      folder(1, '/srv/ingest/Studio A', {
        fields: { slug: 'Election day' },
        only: ['*.mxf', '*.mov', '*.wav'],
        except: ['Proxy/**'],
        afterwards: 'move',
        limit: 20 * MBIT,
      }),
      {
        settling: 4,
        open: 1,
        sent: 1412,
        skipped: 12,
        held: [
          { name: 'Day 2/count_hall_wide_03.mxf', why: 'ffmpeg still has it open for writing.' },
          { name: 'Day 2/count_hall_wide_04.mxf', why: 'It changed 3 s ago; it is sent after 10 s without a change.' },
          {
            name: 'Day 2/<b>standup</b>_with_a_very_long_name_that_the_reporter_gave_it.mov',
            why: 'It changed 1 s ago.',
          },
          { name: 'Day 2/atmo.wav', why: 'It changed 4 s ago; it is sent after 10 s without a change.' },
        ],
      },
    ),
    row(folder(2, '/mnt/newsnas/bureau drop', { whileShot: false, keyTemplate: '{bureau}/nas/{date}/{name}' }), {
      sent: 208,
      lastLook: Date.now() - 21_000,
      byLooks:
        'This is a network drive, which does not tell what others write to it: it is looked at every 30 s instead.',
    }),
    row(folder(3, '/media/amina/CARD_A001', { breaking: true, afterwards: 'delete' }), {
      sent: 36,
      lastLook: Date.now() - 4_000_000,
      trouble: {
        code: 'sourceMissing',
        message: 'The folder is not there. Plug the card in, or choose the folder again; it goes on by itself.',
        detail: 'No such file or directory (os error 2)',
      },
    }),
    row(folder(4, 'D:\\Exports\\Edit suite 3', { stopped: true }), { sent: 96, lastLook: Date.now() - 90_000_000 }),
  ];
}

export class Folders {
  rows: WatchRow[];
  #next = 5;

  constructor(many: boolean) {
    this.rows = many ? begun() : [];
  }

  save(wanted: WatchFolder): number {
    const id = wanted.id || this.#next++;
    const kept = { ...wanted, id };
    const known = this.rows.some((row) => row.folder.id === id);
    this.rows = known
      ? this.rows.map((row) => (row.folder.id === id ? { ...row, folder: kept } : row))
      : [...this.rows, row(kept, { settling: 3 })];
    return id;
  }

  remove(id: number) {
    this.rows = this.rows.filter((row) => row.folder.id !== id);
  }

  /** What is watched is looked at, and now and then a file has settled. */
  tick() {
    this.rows = this.rows.map((row) => {
      if (row.folder.stopped || row.trouble || row.byLooks) return row;
      const settles = row.settling > 0 && Math.random() < 0.01;
      return {
        ...row,
        lastLook: Date.now() - row.lastLook! > 2000 ? Date.now() : row.lastLook,
        settling: row.settling - Number(settles),
        sent: row.sent + Number(settles),
      };
    });
  }
}
