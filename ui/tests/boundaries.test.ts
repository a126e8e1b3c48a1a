// What the UI never does, wherever somebody might write it: each rule is read off the sources.
import { expect, test } from 'vitest';

const sources = import.meta.glob('../src/**/*.{ts,svelte}', {
  query: '?raw',
  import: 'default',
  eager: true,
}) as Record<string, string>;
const where = (pattern: RegExp) =>
  Object.entries(sources)
    .filter(([, text]) => pattern.test(text))
    .map(([path]) => path.replace('../src/', ''))
    .sort();

test('only the door to the shell knows Tauri', () => {
  expect(where(/@tauri-apps\//)).toEqual(['lib/api/tauri.ts', 'lib/bindings.ts']);
  expect(where(/from '[./]*api\/tauri'|from '\.\/tauri'/)).toEqual(['lib/api/index.ts']);
});

test('text is never markup', () => {
  expect(where(/\{@html|innerHTML|insertAdjacentHTML|document\.write/)).toEqual([]);
});

test('components draw: they ask nobody', () => {
  expect(
    where(/from '[./]*lib\/state\/(?!selection|notices|questions|footage|place)/).filter((p) =>
      p.startsWith('components/'),
    ),
  ).toEqual([]);
  expect(
    where(/import \{[^}]*\b(notices|questions|footage|place)\b[^}]*\} from/).filter((p) => p.startsWith('components/')),
  ).toEqual([]);
  expect(where(/import \{[^}]*\bask\b[^}]*\} from/).filter((p) => !p.startsWith('lib/state/'))).toEqual([]);
});

test('every file says what lives in it, and stays short', () => {
  for (const [path, text] of Object.entries(sources)) {
    if (path.endsWith('bindings.ts')) continue;
    expect(text, path).toMatch(path.endsWith('.svelte') ? /^<!-- / : /^\/\/ /);
    expect(text.split('\n').length, path).toBeLessThan(280);
  }
});
