// The transfers as the engine last told them: whole rows, the last one wins. Decides nothing about them; what may be
// asked of a row is in its `can`.
import { SvelteMap } from 'svelte/reactivity';

import { ask, type Trouble } from '../api';
import type { Action, LaneRow, Totals, Update } from '../bindings';
import { cardId, cardRow, type ListRow } from '../cards';
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
  /** The ids in the order of the list. A card's files follow it while they are shown. */
  order = $state.raw<readonly number[]>([]);
  /** The cards whose files are shown. */
  opened = $state.raw<ReadonlySet<number>>(new Set());
  totals = $state.raw<Totals>(NO_TOTALS);
  lanes = $state.raw<readonly LaneRow[]>([]);
  /** The first update has come. */
  known = $state(false);
  readonly selection = new Selection<number>();

  /** Each row is followed by itself, so that an update redraws only what it changed. */
  #rows = new SvelteMap<number, ListRow>();
  /** Of what stands in the list by itself: cards, and transfers that are no card's. */
  #ranks = new Map<number, Rank>();
  #tops: readonly number[] = [];
  /** The files of each card. */
  #files = new Map<number, Set<number>>();

  row(id: number): ListRow | undefined {
    return this.#rows.get(id);
  }

  chosen(): ListRow[] {
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
    const cards = new Set<number>();
    if (update.whole) {
      const there = new Set(update.rows.map((row) => row.id));
      this.#drop(
        [...this.#rows.keys()].filter((id) => id >= 0 && !there.has(id)),
        moved,
        cards,
      );
    }
    for (const row of update.rows) {
      this.#rows.set(row.id, row);
      if (row.card === null) {
        this.#place(row, moved);
        continue;
      }
      const id = cardId(row.card.batch);
      if (!this.#files.has(id)) this.#files.set(id, new Set());
      this.#files.get(id)!.add(row.id);
      cards.add(id);
    }
    this.#drop(update.gone, moved, cards);
    for (const id of cards) this.#addUp(id, moved);
    if (moved.size > 0) this.#tops = reorder(this.#tops, moved, this.#ranks);
    if (moved.size > 0 || [...cards].some((id) => this.opened.has(id))) this.#unfold();
    this.totals = update.totals;
    this.lanes = update.lanes;
    this.known = true;
  }

  #place(row: ListRow, moved: Set<number>) {
    const old = this.#ranks.get(row.id);
    const rank = rankOf(row);
    if (old && compareRanks(old, rank) === 0) return;
    this.#ranks.set(row.id, rank);
    moved.add(row.id);
  }

  /** A card is what its files are. */
  #addUp(id: number, moved: Set<number>) {
    const files = this.#filesOf(id).flatMap((file) => this.#rows.get(file) ?? []);
    if (files.length > 0) {
      const row = cardRow(files);
      this.#rows.set(id, row);
      this.#place(row, moved);
      return;
    }
    this.#files.delete(id);
    this.#rows.delete(id);
    this.#ranks.delete(id);
    moved.add(id);
    this.selection.keep((id) => this.#rows.has(id));
  }

  #filesOf(id: number): number[] {
    return [...(this.#files.get(id) ?? [])].sort((a, b) => a - b);
  }

  #unfold() {
    const whole = (id: number) => (this.opened.has(id) ? [id, ...this.#filesOf(id)] : [id]);
    this.order = this.opened.size === 0 ? this.#tops : this.#tops.flatMap(whole);
  }

  /** Shows a card's files, or hides them. */
  open(id: number, shown = !this.opened.has(id)) {
    const opened = new Set([...this.opened].filter((one) => this.#files.has(one) && one !== id));
    if (shown && this.#files.has(id)) opened.add(id);
    this.opened = opened;
    this.#unfold();
    const there = new Set(this.order);
    this.selection.keep((one) => there.has(one));
  }

  /** The transfers behind these rows: a card stands for its files. */
  #all(ids: readonly number[]): number[] {
    return [...new Set(ids.flatMap((id) => (id < 0 ? this.#filesOf(id) : [id])))];
  }

  #drop(ids: readonly number[], moved: Set<number>, cards: Set<number>) {
    let dropped = false;
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (!row) continue;
      this.#rows.delete(id);
      dropped = true;
      if (row.card === null) {
        this.#ranks.delete(id);
        moved.add(id);
      } else {
        this.#files.get(cardId(row.card.batch))?.delete(id);
        cards.add(cardId(row.card.batch));
      }
    }
    if (dropped) this.selection.keep((id) => this.#rows.has(id));
  }

  /** Asks the engine for `action`, of those among `ids` that may be asked. */
  async act(action: Action, ids: readonly number[]) {
    const asked = this.#all(ids).filter((id) => this.#rows.get(id)?.can[action]);
    if (asked.length > 0) await notices.ask((commands) => commands.act(action, asked));
  }

  async setBreaking(ids: readonly number[], breaking: boolean) {
    const differs = (row?: ListRow) => row?.can.hasten && row.breaking !== breaking;
    const asked = this.#all(ids).filter((id) => differs(this.#rows.get(id)));
    if (asked.length > 0) await notices.ask((commands) => commands.setBreaking(asked, breaking));
  }

  /** `by` is a time of day in the newsroom, or null for no deadline. Answers with the trouble, where there is some. */
  async setDeadline(ids: readonly number[], by: string | null): Promise<Trouble | null> {
    const asked = this.#all(ids).filter((id) => this.#rows.get(id)?.can.hasten);
    if (asked.length === 0) return null;
    const answer = await ask((commands) => commands.setDeadline(asked, by));
    return answer.status === 'error' ? answer.error : null;
  }

  /** Opens the page on which the network wants somebody to sign in. */
  async openPortal(id: number) {
    const [asked = id] = this.#all([id]).filter((one) => this.#rows.get(one)?.portal);
    await notices.ask((commands) => commands.openPortal(asked));
  }

  async reveal(id: number) {
    const [first = id] = this.#all([id]);
    await notices.ask((commands) => commands.reveal(first));
  }
}

export const transfers = new Transfers();
