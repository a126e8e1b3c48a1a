// Turns a strip's runs into the shapes that draw it, on whole pixels so that neighbouring parts stay crisp. Pure.
import type { Run } from './bindings';

export type Shade = 'open' | 'flying' | 'lane1' | 'lane2' | 'lane3';

/** Columns at least this wide, in pixels, are set apart by one pixel. */
const ROOM_FOR_GAP = 3;
const LANE_COLOURS = 3;

/** The colour of a lane, from 1; the colours come round again after the third. */
export function laneShade(lane: number): 'lane1' | 'lane2' | 'lane3' {
  const nth = ((((lane || 1) - 1) % LANE_COLOURS) + LANE_COLOURS) % LANE_COLOURS;
  return (['lane1', 'lane2', 'lane3'] as const)[nth]!;
}

export function shadeOf(run: Run): Shade {
  if (run.is === 'open') return 'open';
  return run.is === 'inFlight' ? 'flying' : laneShade(run.lane);
}

/** One SVG path a shade, `width` by `height` pixels in all. */
export function stripPaths(strip: Run[], width: number, height: number): { shade: Shade; d: string }[] {
  const columns = strip.reduce((sum, run) => sum + run.n, 0);
  if (columns === 0 || width <= 0) return [];
  const apart = columns > 1 && width / columns >= ROOM_FOR_GAP;
  const edge = (column: number) => Math.round((column * width) / columns);
  const paths = new Map<Shade, string>();
  const box = (shade: Shade, from: number, to: number) => {
    if (to > from) paths.set(shade, `${paths.get(shade) ?? ''}M${from} 0h${to - from}v${height}h${from - to}z`);
  };
  let column = 0;
  for (const run of strip) {
    const shade = shadeOf(run);
    if (!apart) {
      box(shade, edge(column), edge(column + run.n));
    } else {
      for (let i = column; i < column + run.n; i += 1) {
        box(shade, edge(i), edge(i + 1) - (i + 1 < columns ? 1 : 0));
      }
    }
    column += run.n;
  }
  return Array.from(paths, ([shade, d]) => ({ shade, d }));
}
