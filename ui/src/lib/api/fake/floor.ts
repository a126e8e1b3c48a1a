// The fake engine's transfers: they move by the clock, and do what is asked of them. Roughly as the real ones.
import type { Action, Clip, InForce, LaneRow, Status, Totals, TransferRow } from '../../bindings';
import { canOf, MB, row, runs, type FakeRow } from './scenes';

const SLOTS = 14;

export class Floor {
  #rows: Map<number, FakeRow>;
  #changed = new Set<number>();
  #gone: number[] = [];
  #up: number[] = [];
  #down: number[] = [];
  #seconds = 0;
  limit: InForce = { limits: { up: 20 * 125_000, down: null }, until: Date.now() + 3_600_000 };

  constructor(rows: FakeRow[]) {
    this.#rows = new Map(rows.map((one) => [one.id, one]));
    if (rows.length === 0) return;
    let [up, down] = [7, 2];
    for (let i = 0; i < 120; i += 1) {
      up = Math.max(3, Math.min(11.5, up + (Math.random() - 0.47) * 1.6));
      down = Math.max(1, Math.min(3.4, down + (Math.random() - 0.48) * 0.5));
      this.#up.push(up * MB);
      this.#down.push(down * MB);
    }
  }

  changed(whole: boolean): { rows: TransferRow[]; gone: number[] } {
    const ids = whole ? [...this.#rows.keys()] : [...this.#changed];
    const gone = this.#gone;
    this.#changed.clear();
    this.#gone = [];
    const bare = ({ cells: _, speed: __, ...rest }: FakeRow) => rest as TransferRow;
    return { rows: ids.flatMap((id) => this.#rows.get(id) ?? []).map(bare), gone };
  }

  add(one: FakeRow): number {
    this.#rows.set(one.id, one);
    this.#changed.add(one.id);
    return one.id;
  }

  fetch(clip: Clip): number {
    const given = {
      direction: 'down' as const,
      key: clip.key,
      shown: clip.shown,
      speed: 6 * MB,
      startedAt: Date.now(),
    };
    return this.add(row(clip.name, clip.size, { state: 'running' }, given));
  }

  act(action: Action, ids: number[]) {
    for (const id of ids) {
      const one = this.#rows.get(id);
      if (!one) continue;
      if (action === 'forget') {
        this.#rows.delete(id);
        this.#gone.push(id);
      } else if (action === 'cancel') this.#become(one, { state: 'cancelled' });
      else if (action === 'pause') this.#become(one, { state: 'paused' });
      else this.#become(one, { state: 'running' });
    }
  }

  hurry(ids: number[], given: Partial<Pick<FakeRow, 'breaking' | 'due'>>) {
    for (const id of ids) {
      const one = this.#rows.get(id);
      if (one) this.add({ ...one, ...given } as FakeRow);
    }
  }

  #become(one: FakeRow, status: Status) {
    const ended = status.state === 'cancelled' || status.state === 'done';
    const flying = status.state === 'running';
    for (const cell of one.cells) if (cell.is === 'inFlight' && !flying) Object.assign(cell, { is: 'open', lane: 0 });
    this.add({
      ...one,
      ...status,
      can: canOf(status.state),
      strip: runs(one.cells),
      speed: one.speed || 4 * MB,
      partsInFlight: 0,
      rate: 0,
      eta: null,
      endedAt: ended ? Date.now() : null,
      startedAt: one.startedAt ?? Date.now(),
    });
  }

  /** Answers with the names of those that were done. */
  tick(seconds: number): string[] {
    const done: string[] = [];
    let [up, down] = [0, 0];
    for (const one of this.#rows.values()) {
      if (one.state !== 'running') continue;
      const each = one.size / one.cells.length;
      let flying = one.cells.filter((cell) => cell.is === 'inFlight');
      for (const cell of flying) if (Math.random() < (one.speed * seconds) / each / flying.length) cell.is = 'acked';
      flying = flying.filter((cell) => cell.is === 'inFlight');
      for (const cell of one.cells) {
        if (flying.length >= SLOTS) break;
        if (cell.is !== 'open') continue;
        Object.assign(cell, { is: 'inFlight', lane: Math.random() < 0.72 ? 1 : 2 });
        flying.push(cell);
      }
      const rate = one.speed * (0.94 + Math.random() * 0.12);
      const acked = Math.round(one.cells.filter((cell) => cell.is === 'acked').length * each);
      const eta = Date.now() + ((one.size - acked) / one.speed) * 1000;
      this.add({ ...one, acked, rate, eta, partsInFlight: flying.length, strip: runs(one.cells) });
      if (one.direction === 'up') up += rate;
      else down += rate;
      if (acked >= one.size - 1) {
        const proof = { by: 'wholeObject' as const, algorithm: 'CRC64NVME', checksum: 'ofCTwnvkENg=' };
        this.#become({ ...this.#rows.get(one.id)!, acked: one.size }, { state: 'done', proof });
        done.push(one.name);
      }
    }
    this.#seconds += seconds;
    if (this.#seconds >= 1) {
      this.#seconds = 0;
      this.#up = [...this.#up, up].slice(-120);
      this.#down = [...this.#down, down].slice(-120);
    }
    return done;
  }

  totals(): Totals {
    const rows = [...this.#rows.values()];
    const of = (...states: Status['state'][]) => rows.filter((one) => states.includes(one.state));
    const moving = of('queued', 'running', 'finishing');
    const etas = moving.flatMap((one) => one.eta ?? []);
    const rateOf = (way: 'up' | 'down') =>
      moving.filter((one) => one.direction === way).reduce((sum, one) => sum + one.rate, 0);
    return {
      goingUp: moving.filter((one) => one.direction === 'up').length,
      comingDown: moving.filter((one) => one.direction === 'down').length,
      waiting: of('waiting').length,
      paused: of('paused').length,
      needsYou: of('failed').length,
      late: moving.filter((one) => one.due?.verdict.is === 'missed').length,
      doneToday: of('done').length,
      bytesLeft: moving.concat(of('waiting')).reduce((sum, one) => sum + one.size - one.acked, 0),
      rateUp: rateOf('up'),
      rateDown: rateOf('down'),
      eta: etas.length > 0 ? Math.max(...etas) : null,
      historyUp: this.#up,
      historyDown: this.#down,
      limit: this.limit,
    };
  }

  lanes(): LaneRow[] {
    const { rateUp, rateDown } = this.totals();
    const rate = rateUp + rateDown;
    const connections = rate > 0 ? 10 : 0;
    return [
      { id: 1, uplink: 'Ethernet', route: 'Accelerated', rate: rate * 0.72, connections },
      { id: 2, uplink: 'Phone', route: 'Accelerated', rate: rate * 0.28, connections },
      { id: 3, uplink: 'Ethernet', route: 'Direct', rate: 0, connections: 0 },
    ];
  }
}
