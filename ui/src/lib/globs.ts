// The filters of a watch folder as they are typed, one to a line, and what they would let through: examples beside the
// fields. Pure. What goes up in truth, the engine decides.

/** Names as cameras, recorders and edit suites give them. */
export const SAMPLES = [
  'MKR_fire_01.mxf',
  'C0042.MP4',
  'C0042M01.XML',
  'Proxy/C0042.mov',
  'standup_take_2.wav',
  'notes.txt',
] as const;

export const globsOf = (typed: string): string[] =>
  typed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** A glob is about names, wherever they lie, and about paths within the folder. Whoever writes them, case is no matter. */
function matches(glob: string, path: string): boolean {
  try {
    const pattern = new RegExp(`^${patternOf(glob)}$`, 'i');
    return pattern.test(path) || pattern.test(path.slice(path.lastIndexOf('/') + 1));
  } catch {
    // Half typed, or none: the engine says so when it is to be kept.
    return false;
  }
}

/** `*` and `?` stay within a folder, `**` goes through folders; `[a-z]`, `[!a-z]` and `{mxf,mov}` choose. */
function patternOf(glob: string): string {
  let braces = 0;
  return glob.replace(/\*\*\/?|\[!?[^\]]+\]|\\?[\s\S]/g, (piece: string, at: number) => {
    const whole = at === 0 || glob[at - 1] === '/';
    if (piece === '**/') return whole ? '(?:.*/)?' : '[^/]*/';
    if (piece === '**') return whole ? '.*' : '[^/]*';
    if (piece === '*') return '[^/]*';
    if (piece === '?') return '[^/]';
    if (piece === '{') return (braces++, '(?:');
    if (piece === '}' && braces > 0) return (braces--, ')');
    if (piece === ',' && braces > 0) return '|';
    if (piece.startsWith('[') && piece.length > 1) return piece.replace(/\\/g, '\\\\').replace(/^\[!/, '[^');
    return piece.slice(-1).replace(/[.*+?^$()|{}[\]\\/]/, '\\$&');
  });
}

/** Whether a file goes up: it is among those that are wanted, and not among those that are not. */
export function goesUp(path: string, only: readonly string[], except: readonly string[]): boolean {
  const some = (globs: readonly string[]) => globs.some((glob) => matches(glob, path));
  return (only.length === 0 || some(only)) && !some(except);
}
