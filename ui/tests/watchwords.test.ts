// What watch folders say of themselves, their filters, and what their form keeps.
import { expect, test } from 'vitest';

import { globsOf, goesUp } from '../src/lib/globs';
import { beginsToDelete, folderOf, newFolder, typedFolder } from '../src/lib/watchform';
import {
  exampleOf,
  filledTemplate,
  filterSentence,
  foldersSentence,
  folderTag,
  mannerSentence,
} from '../src/lib/watchwords';
import { NAIROBI, no, watchRow } from './stub';

const trouble = no().error;

test('filters are of names and of places, in any case, and what is never wanted wins', () => {
  const cases: [string[], string[], string, boolean][] = [
    [[], [], 'a.mxf', true],
    [['*.mxf'], [], 'a.MXF', true],
    [['*.mxf'], [], 'CLIP/a.mxf', true],
    [['*.mxf'], [], 'a.xml', false],
    [['*.mxf'], [], 'amxf', false],
    [['CLIP/*'], [], 'CLIP/a.mxf', true],
    [['CLIP/*'], [], 'CLIP/sub/a.mxf', false],
    [['CLIP/**'], [], 'CLIP/sub/a.mxf', true],
    [['**/CLIP/*'], [], 'CLIP/a.mxf', true],
    [[], ['PROXY/**'], 'PROXY/a.mp4', false],
    [['*.mxf'], ['*_old*'], 'a_old.mxf', false],
    [['*.{mxf,mov}'], [], 'a.mov', true],
    [['*.{mxf,mov}'], [], 'a.mp4', false],
    [['take_[0-3]?.wav'], [], 'take_27.wav', true],
    [['take_[!0-3]?.wav'], [], 'take_27.wav', false],
    [['a(1)+.mxf'], [], 'a(1)+.mxf', true],
    [['\\*.mxf'], [], 'a.mxf', false],
    [['*.{mxf'], [], 'a.mxf', false],
  ];
  for (const [only, except, name, up] of cases) expect(goesUp(name, only, except), `${only} ${name}`).toBe(up);
  expect(globsOf(' *.mxf \n\n*.mov\n')).toEqual(['*.mxf', '*.mov']);
});

test('a folder that somebody stopped needs nobody; trouble comes before how it is looked at', () => {
  expect(folderTag(watchRow(1))).toMatchObject({ word: 'Watching', tone: 'ok' });
  expect(folderTag(watchRow(1, {}, { byLooks: 'It is a network drive.' })).word).toBe('By looks only');
  expect(folderTag(watchRow(1, {}, { byLooks: 'x', trouble })).tone).toBe('needs');
  expect(folderTag(watchRow(1, { stopped: true }, { trouble })).word).toBe('Stopped');
  const rows = [watchRow(1), watchRow(2, { stopped: true }, { trouble }), watchRow(3, {}, { trouble })];
  expect(foldersSentence(rows)).toBe('2\u00a0folders watched · 1 stopped · 1 needs you');
  expect(foldersSentence([])).toBe('No folder is watched');
});

test('what a folder does is one plain sentence each', () => {
  const { folder } = watchRow(1, { only: ['*.mxf', '*.mov'], except: ['Proxy/**'], limit: 2_500_000, breaking: true });
  expect(filterSentence(folder)).toBe('Only *.mxf, *.mov · never Proxy/**');
  expect(filterSentence(watchRow(1).folder)).toBe('All files');
  expect(mannerSentence(folder)).toBe('Breaking · Goes up while it is shot · at most 20\u00a0Mb/s');
  const examples = ['with', 'without', 'awkward'].map((key) => ({ what: key, key }));
  const filled = filledTemplate('{slug}/{desk}/{name}', { ...folder, fields: { slug: 'Fire/{x}', desk: '' } });
  expect(filled).toBe('Fire__x_/{desk}/{name}');
  expect(exampleOf(examples, filled)).toBe('without');
  expect(exampleOf(examples.slice(1), 'Fire/{name}')).toBe('without');
  expect(exampleOf([], 'Fire/{name}')).toBe('');
});

test('the form keeps what it was given, and only the fields that the template asks for', () => {
  const before = watchRow(7, { fields: { slug: 'Fire' }, limit: 2_500_000, quietSeconds: 30, only: ['*.mxf'] }).folder;
  expect(folderOf(typedFolder(before), before, NAIROBI.keyTemplate)).toEqual({ ...before, fields: { slug: 'Fire' } });
  const typed = { ...typedFolder(before), template: '{desk}/{name}', limit: '', quiet: '' };
  typed.fields.desk = ' World ';
  expect(folderOf(typed, before, NAIROBI.keyTemplate)).toMatchObject({
    id: 7,
    keyTemplate: '{desk}/{name}',
    fields: { desk: 'World' },
    limit: null,
    quietSeconds: null,
  });
  expect(folderOf({ ...typed, limit: 'fast' }, before, '')).toContain('megabits');
  for (const quiet of ['0', '1.5', 'soon', '90000']) expect(folderOf({ ...typed, quiet }, before, '')).toContain('30');
});

test('a second question comes when files begin to be deleted, and not every time', () => {
  const kept = watchRow(1, { afterwards: 'delete' }).folder;
  expect(beginsToDelete({ ...newFolder('/a', 'b'), afterwards: 'delete' }, newFolder('/a', 'b'))).toBe(true);
  expect(beginsToDelete(kept, { ...kept, afterwards: 'move' })).toBe(true);
  expect(beginsToDelete({ ...kept, path: '/other' }, kept)).toBe(true);
  expect(beginsToDelete({ ...kept, breaking: true }, kept)).toBe(false);
  expect(beginsToDelete({ ...kept, afterwards: 'leave' }, kept)).toBe(false);
});
