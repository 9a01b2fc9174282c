import { describe, expect, test } from 'vitest';
import { createRecentShapes } from '../../store/layers/recent-shapes.ts';
import type { StoreSearch } from '../../store/store.ts';
import type { Part } from '../answer.ts';
import { partitionParts, shardParts } from './what-if.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2024, 5, 1);
const shapesOf = (...searches: Partial<StoreSearch>[]) => {
  const shapes = createRecentShapes({ remember: 3, businessDates: new Set(['Encounter.date']), now: () => NOW });
  for (const search of searches) shapes.record({ types: ['Observation'], where: { kind: 'everything' }, sort: [], limit: 1, ...search });
  return shapes.list();
};
const partValue = (parts: readonly Part[], name: string) => parts.find((part) => part.name === name)?.value;
const since = (days: number) =>
  ({ kind: 'range', key: 'Encounter.date', conditions: [{ bound: 'hi', op: 'ge', value: NOW - days * DAY }] }) as const;

describe('shapes of recent searches', () => {
  test('hold names and no values', () => {
    const where = {
      kind: 'and',
      of: [
        { kind: 'equals', entry: 'Observation.code^http://loinc.org|8867-4' },
        { kind: 'among', entries: ['Observation.code~8867-4', 'Observation.code~9'] },
        { kind: 'equals', entry: 'Observation.code-value-quantity$~8867-4' },
        { kind: 'prefix', entry: 'w:secret' },
        { kind: 'not', of: { kind: 'prefix', entry: 'Observation.note:missing' } },
        { kind: 'range', key: 'Observation.value-quantity|mg', conditions: [{ bound: 'lo', op: 'ge', value: 42 }] },
        { kind: 'patient', reference: 'Patient/secret' },
      ],
    } as const;
    const shapes = shapesOf({ where });
    expect(shapes).toEqual([
      {
        types: ['Observation'],
        parameters: ['Observation.code', 'Observation.code-value-quantity', 'Observation.note', 'Observation.value-quantity'],
        namesPatient: true,
      },
    ]);
    expect(JSON.stringify(shapes)).not.toMatch(/8867|secret|42/);
  });

  test('are the latest few, the oldest first', () => {
    const shapes = shapesOf(...['A', 'B', 'C', 'D'].map((type) => ({ types: [type] })));
    expect(shapes.map(({ types: [type] }) => type)).toEqual(['B', 'C', 'D']);
  });

  test('tell how many days a search is narrowed to', () => {
    const [shape] = shapesOf({ types: ['Encounter'], where: since(30) });
    expect(shape?.days).toBe(30);
  });
});

describe('what if', () => {
  test('there were more shards: only searches without a patient fan out further', () => {
    const shapes = shapesOf({ patient: 'Patient/1' }, { patient: 'Patient/2' }, {});
    const parts = shardParts(shapes, ['0000000000', '00ffffffff', '00fffffffe', '0080000000'], 4, 8);
    expect(partValue(parts, 'targetedPercent')).toBe(67);
    expect([partValue(parts, 'expectedFanOutNow'), partValue(parts, 'expectedFanOut')]).toEqual([2, 3.3]);
    expect(partValue(parts, 'hottestShardDocumentsPercent')).toBe(50);
    expect(partValue(parts, 'hottestShardSearchesPercent')).toBe(67);
  });

  test('partitions were months: a narrow search touches few, an open one all', () => {
    const years = Array.from({ length: 10 }, () => ({ table: 'encounter', isDefault: false }));
    const shapes = shapesOf({ types: ['Encounter'], where: since(40) }, { types: ['Encounter'] });
    const parts = partitionParts(shapes, [...years, { table: 'encounter', isDefault: true }], new Set(['Encounter']), 365.25 / 12);
    expect(partValue(parts, 'partitionsTouchedNow')).toBe(6.5);
    expect(partValue(parts, 'partitionsTouched')).toBe((3 + 121) / 2);
  });
});
