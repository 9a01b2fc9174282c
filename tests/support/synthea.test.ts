import { expect, test } from 'vitest';
import { readSynthea } from './synthea.ts';

test('the Synthea Bundles come in loading order and are what they say', () => {
  const bundles = readSynthea();
  expect(bundles.map((bundle) => bundle.name)).toEqual([
    'hospitalInformation',
    'practitionerInformation',
    'Ashleigh941',
    'Kandis954',
    'Machelle279',
  ]);
  const entries = bundles.map(({ text, type }) => {
    const bundle = JSON.parse(text) as { type: string; entry: unknown[] };
    expect(bundle.type).toBe(type);
    return bundle.entry.length;
  });
  expect(entries).toEqual([107, 106, 311, 224, 273]);
});

test('a name that is not there is an error', () => {
  expect(readSynthea('Kandis954')).toHaveLength(1);
  expect(() => readSynthea('Nobody1')).toThrow('Nobody1');
});
