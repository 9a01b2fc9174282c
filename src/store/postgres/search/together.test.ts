import { describe, expect, test } from 'vitest';
import type { StoreSearch } from '../../store.ts';
import { pageStatement } from './statement.ts';
import { createTogether, type JoinedStatement, joinedText } from './together.ts';

const encountersOf = (id: string, more: Partial<StoreSearch> = {}): StoreSearch => ({
  types: ['Encounter'],
  where: { kind: 'equals', entry: `Encounter.subject=Patient/${id}` },
  patient: `Patient/${id}`,
  sort: [{ parameter: '_identity', descending: false }],
  limit: 21,
  ...more,
});

describe('joinedText', () => {
  test('binds a list for each value, and the limit once', () => {
    const { text, values } = pageStatement(encountersOf('1'));
    expect(values).toEqual([21, "'@Patient/1'", "'Encounter.subject=Patient/1'"]);
    const joined = joinedText(text);
    expect(joined).toMatch(
      /^SELECT b\.i, p\.\* FROM unnest\(\$2::tsquery\[\], \$3::tsquery\[\]\) WITH ORDINALITY AS b \(v2, v3, i\) CROSS JOIN LATERAL/,
    );
    expect(joined).toContain('WHERE e.s @@ b.v2 AND e.s @@ b.v3');
    expect(joined).toContain('LIMIT $1)');
  });

  test('is none for a value that is a list, or bound as two types', () => {
    expect(joinedText('SELECT 1 WHERE a = ANY ($2::text[]) LIMIT $1')).toBeUndefined();
    expect(joinedText('SELECT 1 WHERE a = $2::text AND b @@ $2::tsquery LIMIT $1')).toBeUndefined();
  });
});

describe('createTogether', () => {
  function recorded(fails = false) {
    const alone: string[] = [];
    const joined: JoinedStatement[] = [];
    const find = createTogether({
      findAlone: async ({ search }) => {
        alone.push(search.patient ?? '');
        if (search.patient === 'Patient/bad') throw new Error('bad');
        return [];
      },
      findJoined: async (statement, searches) => {
        joined.push(statement);
        if (fails) throw new Error('somebody is bad');
        return searches.map(() => []);
      },
    });
    return { find, alone, joined };
  }

  test('one statement for each shape that several have', async () => {
    const { find, alone, joined } = recorded();
    await Promise.all([encountersOf('1'), encountersOf('2'), encountersOf('3', { limit: 5 })].map(find));
    expect(joined.map(({ values }) => values)).toEqual([
      [21, ["'@Patient/1'", "'@Patient/2'"], ["'Encounter.subject=Patient/1'", "'Encounter.subject=Patient/2'"]],
    ]);
    expect(alone).toEqual(['Patient/3']);
  });

  test('a large page, and a date that is bound as bytes, go alone', async () => {
    const { find, joined } = recorded();
    const dated = { kind: 'range', key: 'Encounter.date', conditions: [{ bound: 'lo', op: 'ge', value: 5 }] } as const;
    await Promise.all(['1', '2'].flatMap((id) => [find(encountersOf(id, { limit: 1_001 })), find(encountersOf(id, { where: dated }))]));
    expect(joined).toEqual([]);
  });

  test('where the joint statement fails each goes alone, and only the one at fault hears of it', async () => {
    const { find, alone } = recorded(true);
    const answers = await Promise.allSettled([find(encountersOf('1')), find(encountersOf('bad'))]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(alone).toEqual(['Patient/1', 'Patient/bad']);
  });
});
