import { describe, expect, test } from 'vitest';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import type { StoreSearch } from '../../store.ts';
import type { StoredDocument } from '../document.ts';
import { createRecordBatch } from './record-batch.ts';
import type { FilteredSearch } from './search-batch.ts';

const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry });
const heavier: SearchExpression = { kind: 'range', key: '*Observation.value', conditions: [{ bound: 'lo', op: 'gt', value: 80 }] };

function search(rk: string, type: string, where: SearchExpression = { kind: 'everything' }, limit = 21): FilteredSearch {
  const asked: StoreSearch = {
    types: [type],
    where,
    patient: `Patient/${rk}`,
    sort: [{ parameter: '_identity', descending: false }],
    limit,
  };
  return { search: asked, scope: { filter: { _id: { $gte: `${rk}/${type}/`, $lt: `${rk}/${type}0` } }, hint: '_id_', rk } };
}

function document(rk: string, type: string, id: string, s: readonly string[] = []): StoredDocument {
  return { _id: `${rk}/${type}/${id}`, type, id, version: 1, at: new Date(0), raw: '{}', s };
}

/** A store of these documents that gives all it has of the records asked for, and tells how it was asked. */
function recording(stored: readonly StoredDocument[]) {
  const commands: { readonly searches: number; readonly withEntries: boolean }[] = [];
  const alone: FilteredSearch[] = [];
  const ask = createRecordBatch({
    find: async (_scope, searches, { projection }) => {
      commands.push({ searches: searches.length, withEntries: projection !== undefined });
      const types = searches.flatMap((each) => each.types);
      return stored.filter(({ type }) => types.includes(type));
    },
    findAlone: async (one) => {
      alone.push(one);
      return [];
    },
  });
  const idsOf = async (searches: readonly FilteredSearch[]) =>
    (await Promise.all(searches.map(ask))).map((documents) => documents.map(({ id }) => id));
  return { idsOf, commands, alone };
}

describe('searches of records that arrive together', () => {
  test('are one command where they ask for different records', async () => {
    const { idsOf, commands } = recording([document('a', 'Observation', '1'), document('b', 'Observation', '2')]);
    expect(await idsOf([search('a', 'Observation'), search('b', 'Observation'), search('c', 'Observation')])).toEqual([['1'], ['2'], []]);
    expect(commands).toEqual([{ searches: 3, withEntries: false }]);
  });

  test('are one command where a page asks for several types of one record', async () => {
    const { idsOf, commands, alone } = recording([document('a', 'Condition', '1'), document('a', 'Procedure', '2')]);
    expect(await idsOf([search('a', 'Condition'), search('a', 'Procedure')])).toEqual([['1'], ['2']]);
    expect(commands).toEqual([{ searches: 2, withEntries: false }]);
    expect(alone).toEqual([]);
  });

  test('are told apart by entries where they ask for one type of one record', async () => {
    const stored = [document('a', 'Observation', '1', ['code~x']), document('a', 'Observation', '2', ['code~x', 'code~y'])];
    const { idsOf, commands } = recording(stored);
    const codes = ['code~x', 'code~y', 'code~z'].map((code) => search('a', 'Observation', equals(code)));
    expect(await idsOf(codes)).toEqual([['1', '2'], ['2'], []]);
    expect(commands).toEqual([{ searches: 3, withEntries: true }]);
  });

  test('ask for no entries where they have a type to themselves', async () => {
    const { idsOf, commands } = recording([document('a', 'Observation', '1', ['code~x']), document('b', 'Observation', '2')]);
    const codes = ['code~x', 'code~y'].map((code) => search('a', 'Observation', equals(code)));
    expect(await idsOf([...codes, search('b', 'Observation'), search('c', 'Observation')])).toEqual([['1'], [], ['2'], []]);
    expect(commands).toEqual([
      { searches: 2, withEntries: false },
      { searches: 2, withEntries: true },
    ]);
  });

  test('go alone where entries do not tell them apart', async () => {
    const { idsOf, commands, alone } = recording([document('a', 'Observation', '1', ['code~x'])]);
    const untold = search('a', 'Observation', { kind: 'not', of: heavier });
    const told = ['code~x', 'code~y'].map((code) => search('a', 'Observation', equals(code)));
    expect(await idsOf([untold, ...told])).toEqual([[], ['1'], []]);
    expect(alone).toEqual([untold]);
    expect(commands).toEqual([{ searches: 2, withEntries: true }]);
  });

  test('go alone for a while once there was more than they may have together', async () => {
    const { idsOf, commands, alone } = recording(['1', '2', '3'].map((id) => document('a', 'Observation', id)));
    const small = ['a', 'b'].map((rk) => search(rk, 'Observation', undefined, 1));
    await idsOf(small);
    expect(alone).toEqual(small);
    await idsOf(small);
    expect([commands.length, alone.length]).toEqual([1, 4]);
  });
});
