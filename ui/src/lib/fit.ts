// How much of the front of a name fits before its tail, where not all of it does. Pure but for the measure.

export type Measure = (text: string) => number;

/** How many characters of `head` fit into `width` with dots and `tail` behind them; all of them where all fits. */
export function fitting(head: string, tail: string, width: number, measure: Measure): number {
  if (width <= 0 || measure(head + tail) <= width) return head.length;
  // Widths are told in whole pixels, and letters on both sides of a cut don't lean on each other.
  const room = width - 2 - measure(`…${tail}`);
  let [low, high] = [0, head.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(head.slice(0, middle)) <= room) low = middle;
    else high = middle - 1;
  }
  return low;
}

let pen: CanvasRenderingContext2D | null | undefined;

/** Measures as the window writes in this font; zero where nothing is drawn. */
export function measureIn(font: string): Measure {
  pen ??= typeof CanvasRenderingContext2D === 'undefined' ? null : document.createElement('canvas').getContext('2d');
  return (text) => {
    if (!pen) return 0;
    pen.font = font;
    return pen.measureText(text).width;
  };
}
