import { describe, expect, test } from 'vitest';
import { type Book, contradictions, type SentWrite } from './book.ts';

const KEY = 'Patient/p';
const write = (marker: string | undefined, version: number, start: number, changes: Partial<SentWrite> = {}): SentWrite => ({
  keys: [KEY],
  marker,
  start,
  end: start + 5,
  outcome: 'acknowledged',
  versions: new Map([[KEY, version]]),
  ...changes,
});

/** a, then b, then a deletion, then c; read and found in between. */
const SOUND: Book = {
  writes: [write('a', 1, 0), write('b', 2, 10), write(undefined, 3, 20), write('c', 4, 30)],
  reads: [
    { key: KEY, version: 1, marker: 'a', start: 6, end: 12 },
    { key: KEY, version: undefined, marker: undefined, start: 21, end: 32 },
    { key: KEY, version: 4, marker: 'c', start: 40, end: 41 },
  ],
  searches: [{ type: 'Patient', marker: 'b', found: new Map([[KEY, 2]]), start: 16, end: 19 }],
  kept: new Map([
    [
      KEY,
      [
        { version: 4, marker: 'c' },
        { version: 3, marker: undefined },
        { version: 2, marker: 'b' },
        { version: 1, marker: 'a' },
      ],
    ],
  ]),
};

const kept = (...markers: (string | undefined)[]) =>
  new Map([[KEY, markers.map((marker, index) => ({ version: markers.length - index, marker }))]]);
const read = (version: number | undefined, marker: string | undefined, start: number) => ({
  ...SOUND,
  reads: [{ key: KEY, version, marker, start, end: start + 1 }],
});
const search = (marker: string, found: [string, number][], start: number) => ({
  ...SOUND,
  searches: [{ type: 'Patient', marker, found: new Map(found), start, end: start + 1 }],
});

describe('what no order of the requests explains', () => {
  test('nothing of a book that is sound', () => expect(contradictions(SOUND)).toEqual([]));

  test.each<[string, Book, string]>([
    ['a lost version', { ...SOUND, kept: kept('c', undefined, 'a') }, 'version 2 was acknowledged as b and is another'],
    ['a gap', { ...SOUND, kept: new Map([[KEY, [{ version: 2, marker: 'b' }]]]) }, 'has the versions 2'],
    ['a version of nobody', { ...SOUND, kept: kept('x', 'c', undefined, 'b', 'a') }, 'never sent'],
    ['a version twice', { ...SOUND, kept: kept('c', 'c', undefined, 'b', 'a') }, 'stored 2 times'],
    [
      'a refused write that was stored',
      { ...SOUND, writes: [...SOUND.writes.slice(1), write('a', 1, 0, { outcome: 'refused', versions: new Map() })] },
      'refused',
    ],
    [
      'a torn transaction',
      { ...SOUND, writes: [...SOUND.writes, write('c', 4, 30, { keys: [KEY, 'Encounter/e'] })] },
      'was stored in Patient/p of',
    ],
    [
      'a version that was given after a newer one',
      { ...SOUND, writes: [...SOUND.writes.slice(1), write('a', 1, 18)] },
      'was written after',
    ],
    ['a read that is out of date', read(1, 'a', 16), 'was read as version 1 after version 2'],
    ['a read of nothing when something was known', read(0, undefined, 16), 'was read as version 0'],
    ['a read of another content', read(4, 'b', 40), 'version 4 was read as b'],
    ['a read from the future', read(4, 'c', 26), 'before it was sent'],
    ['a deletion that was over', read(undefined, undefined, 40), 'told to be deleted'],
    ['a search that finds what was replaced', search('a', [[KEY, 1]], 40), 'out of date'],
    ['a search that finds another', search('b', [[KEY, 4]], 40), 'is not it'],
    ['a search that misses', search('c', [], 40), 'did not find'],
  ])('%s', (_name, book, words) => expect(contradictions(book).join('\n')).toContain(words));

  test('an answer that did not come may be either', () => {
    const unknown = write('d', 5, 50, { outcome: 'unknown', versions: new Map() });
    expect(contradictions({ ...SOUND, writes: [...SOUND.writes, unknown] })).toEqual([]);
    expect(contradictions({ ...SOUND, writes: [...SOUND.writes, unknown], kept: kept('d', 'c', undefined, 'b', 'a') })).toEqual([]);
  });
});
