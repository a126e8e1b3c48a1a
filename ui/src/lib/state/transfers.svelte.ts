// The transfers as the engine last told them: whole rows, the last one wins. Decides nothing about them; what may be
// asked of a row is in its `can`.
import { SvelteMap } from 'svelte/reactivity';

import { ask, type Trouble } from '../api';
import type { Action, LaneRow, Totals, TransferRow, Update } from '../bindings';
import { compareRanks, Group, rankOf, reorder, type Rank } from '../order';
import { notices } from './notices.svelte';
import { Selection } from './selection.svelte';

export const NO_TOTALS: Totals = {
  goingUp: 0,
  comingDown: 0,
  waiting: 0,
  paused: 0,
  needsYou: 0,
  late: 0,
  doneToday: 0,
  bytesLeft: 0,
  rateUp: 0,
  rateDown: 0,
  eta: null,
  historyUp: [],
  historyDown: [],
  limit: { limits: { up: null, down: null }, until: null },
};

export class Transfers {
  /** The ids in the order of the list. */
  order = $state.raw<readonly number[]>([]);
  totals = $state.raw<Totals>(NO_TOTALS);
  lanes = $state.raw<readonly LaneRow[]>([]);
  /** The first update has come. */
  known = $state(false);
  readonly selection = new Selection<number>();

  /** Each row is followed by itself, so that an update redraws only what it changed. */
  #rows = new SvelteMap<number, TransferRow>();
  #ranks = new Map<number, Rank>();

  row(id: number): TransferRow | undefined {
    return this.#rows.get(id);
  }

  chosen(): TransferRow[] {
    return this.selection.inOrder(this.order).flatMap((id) => this.#rows.get(id) ?? []);
  }

  /** Those that move or will move. */
  get underWay(): number {
    void this.order;
    let n = 0;
    for (const [group] of this.#ranks.values()) n += group === Group.active || group === Group.next ? 1 : 0;
    return n;
  }

  /** The ended ones; they stand last. */
  ended(): number[] {
    return this.order.filter((id) => this.#ranks.get(id)?.[0] === Group.ended);
  }

  apply(update: Update) {
    const moved = new Set<number>();
    if (update.whole) {
      const there = new Set(update.rows.map((row) => row.id));
      this.#drop(
        [...this.#rows.keys()].filter((id) => !there.has(id)),
        moved,
      );
    }
    for (const row of update.rows) {
      const old = this.#ranks.get(row.id);
      const rank = rankOf(row);
      if (!old || compareRanks(old, rank) !== 0) {
        this.#ranks.set(row.id, rank);
        moved.add(row.id);
      }
      this.#rows.set(row.id, row);
    }
    this.#drop(update.gone, moved);
    if (moved.size > 0) this.order = reorder(this.order, moved, this.#ranks);
    this.totals = update.totals;
    this.lanes = update.lanes;
    this.known = true;
  }

  #drop(ids: readonly number[], moved: Set<number>) {
    let dropped = false;
    for (const id of ids) {
      if (!this.#ranks.delete(id)) continue;
      dropped = true;
      moved.add(id);
      this.#rows.delete(id);
    }
    if (dropped) this.selection.keep((id) => this.#ranks.has(id));
  }

  /** Asks the engine for `action`, of those among `ids` that may be asked. */
  async act(action: Action, ids: readonly number[]) {
    const asked = ids.filter((id) => this.#rows.get(id)?.can[action]);
    if (asked.length > 0) await notices.ask((commands) => commands.act(action, asked));
  }

  async setBreaking(ids: readonly number[], breaking: boolean) {
    const asked = ids.filter((id) => this.#rows.get(id)?.can.hasten && this.#rows.get(id)?.breaking !== breaking);
    if (asked.length > 0) await notices.ask((commands) => commands.setBreaking(asked, breaking));
  }

  /** `by` is a time of day in the newsroom, or null for no deadline. Answers with the trouble, where there is some. */
  async setDeadline(ids: readonly number[], by: string | null): Promise<Trouble | null> {
    const asked = ids.filter((id) => this.#rows.get(id)?.can.hasten);
    if (asked.length === 0) return null;
    const answer = await ask((commands) => commands.setDeadline(asked, by));
    return answer.status === 'error' ? answer.error : null;
  }

  /** Opens the page on which the network wants somebody to sign in. */
  async openPortal(id: number) {
    await notices.ask((commands) => commands.openPortal(id));
  }

  async reveal(id: number) {
    await notices.ask((commands) => commands.reveal(id));
  }
}

export const transfers = new Transfers();
