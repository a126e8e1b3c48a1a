// Which rows of a list are chosen, and which one the keyboard is on. Knows ids and their order, nothing of what they are.

export class Selection<Id> {
  ids = $state.raw<ReadonlySet<Id>>(new Set());
  /** The row that the keyboard is on. */
  active = $state.raw<Id | null>(null);
  /** Where a stretch chosen with shift begins. */
  #anchor: Id | null = null;

  has(id: Id): boolean {
    return this.ids.has(id);
  }

  /** The chosen ones in the list's order. */
  inOrder(order: readonly Id[]): Id[] {
    return order.filter((id) => this.ids.has(id));
  }

  only(id: Id) {
    this.ids = new Set([id]);
    this.active = this.#anchor = id;
  }

  toggle(id: Id) {
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    this.ids = ids;
    this.active = this.#anchor = id;
  }

  /** From where the stretch began to here. */
  stretch(order: readonly Id[], id: Id) {
    const from = this.#anchor === null ? -1 : order.indexOf(this.#anchor);
    const to = order.indexOf(id);
    if (from < 0 || to < 0) return this.only(id);
    this.ids = new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1));
    this.active = id;
  }

  all(order: readonly Id[]) {
    this.ids = new Set(order);
    this.active ??= order[0] ?? null;
    this.#anchor = order[0] ?? null;
  }

  none() {
    this.ids = new Set();
  }

  /** Goes `step` rows on, at most to the end; with `extend` the stretch grows. Answers with the index it is on. */
  move(order: readonly Id[], step: number, extend = false): number {
    if (order.length === 0) return -1;
    const at = this.active === null ? -1 : order.indexOf(this.active);
    const to = at < 0 ? (step > 0 ? 0 : order.length - 1) : Math.max(0, Math.min(order.length - 1, at + step));
    const id = order[to]!;
    if (extend) this.stretch(order, id);
    else this.only(id);
    return to;
  }

  /** A click, as every list of the system takes it. */
  click(order: readonly Id[], id: Id, event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) {
    if (event.shiftKey) this.stretch(order, id);
    else if (event.ctrlKey || event.metaKey) this.toggle(id);
    else this.only(id);
  }

  /** Forgets the rows that are there no more. */
  keep(isThere: (id: Id) => boolean) {
    if (this.active !== null && !isThere(this.active)) this.active = null;
    if (this.#anchor !== null && !isThere(this.#anchor)) this.#anchor = null;
    const kept = [...this.ids].filter(isThere);
    if (kept.length !== this.ids.size) this.ids = new Set(kept);
  }
}
