// Which rows of a long list must exist as elements, and how much room the others take. Pure: the list measures and draws.

/** The upper edge of every row, and behind them the height of all: one figure more than rows. */
export function edges(length: number, heightAt: (index: number) => number): Float64Array {
  const tops = new Float64Array(length + 1);
  for (let i = 0; i < length; i += 1) tops[i + 1] = tops[i]! + heightAt(i);
  return tops;
}

/** The row that covers `y`. */
export function rowAt(tops: Float64Array, y: number): number {
  let low = 0;
  let high = tops.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

export type Stretch = { from: number; to: number; before: number; after: number };

/** The rows from `from` to before `to` are seen, with `spare` pixels above and below. */
export function visible(tops: Float64Array, scrollTop: number, height: number, spare = 400): Stretch {
  const length = tops.length - 1;
  const all = tops[length]!;
  if (length === 0) return { from: 0, to: 0, before: 0, after: 0 };
  const from = rowAt(tops, Math.max(0, scrollTop - spare));
  const to = Math.min(length, rowAt(tops, Math.min(all, scrollTop + height + spare)) + 1);
  return { from, to, before: tops[from]!, after: all - tops[to]! };
}

/** Where to scroll so that a row is seen whole; the same place where it is already. */
export function scrollTo(tops: Float64Array, index: number, scrollTop: number, height: number): number {
  const top = tops[index] ?? 0;
  const bottom = tops[index + 1] ?? top;
  if (top < scrollTop) return top;
  if (bottom > scrollTop + height) return bottom - height;
  return scrollTop;
}
