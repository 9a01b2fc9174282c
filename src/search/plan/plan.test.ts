import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { FhirError } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { EVERYTHING, NOTHING } from '../expression/expression.ts';
import { printExpression } from '../expression/print.ts';
import { createSearchRegistry } from '../parameters/registry.ts';
import { parseSearch } from '../request/parse.ts';
import { createPageTokens } from './page-token.ts';
import type { PlanContext } from './plan-search.ts';
import { planSearch } from './plan-search.ts';
import { simplify } from './simplify.ts';

const registry = createSearchRegistry(loadDefinitions());
const pageTokens = createPageTokens(Buffer.alloc(32, 7));
const context: PlanContext = { registry, pageTokens, narrow: () => EVERYTHING };
const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry });

function request(query: string, types: readonly string[] = ['Observation']) {
  return parseSearch([...new URLSearchParams(query)], types, { registry, baseUrl: 'http://here', handling: 'strict', now: () => 0 });
}

const resource = { type: 'Observation', id: 'a', rk: '00aaaaaaaa', version: 1, at: 5, deleted: false, raw: '{}', method: 'PUT' } as const;
const match = { resource: { ...resource, by: { client: '', subject: '', request: '' } }, sortValues: [7, '00aaaaaaaa/Observation/a'] };

describe('planSearch', () => {
  test('one more than the page, a total order, the patient named', () => {
    const { search, pageSize } = planSearch(request('patient=1&_sort=-date,date&_count=5'), context);
    expect(pageSize).toBe(5);
    expect(search).toEqual({
      types: ['Observation'],
      where: equals('Observation.subject=Patient/1'),
      sort: [
        { parameter: 'date', descending: true, isSingle: true },
        { parameter: '_identity', descending: false },
      ],
      limit: 6,
      patient: 'Patient/1',
    });
  });

  test('the identity goes against the first key, as in one index for both directions', () => {
    const sortOf = (query: string, type = 'Observation') => planSearch(request(query, [type]), context).search.sort;
    expect(sortOf('_sort=date,-status')).toEqual([
      { parameter: 'date', descending: false, isSingle: true },
      { parameter: 'status', descending: true },
      { parameter: '_identity', descending: true },
    ]);
    expect(sortOf('status=final')).toEqual([{ parameter: '_identity', descending: false }]);
  });

  test.each([
    ['Observation', 'date', true],
    ['Condition', 'recorded-date', true],
    ['MedicationRequest', 'date', undefined],
    ['Observation', 'status', undefined],
    ['Patient', 'family', undefined],
  ])('%s: only a date that stands for one element has one value (%s)', (type, code, isSingle) => {
    expect(planSearch(request(`_sort=${code}`, [type]), context).search.sort[0]?.isSingle).toBe(isSingle);
  });

  test('a page goes on after its last match, whatever the page size', () => {
    const token = planSearch(request('code=a&_sort=date'), context).nextPage(match.sortValues);
    expect(token).not.toContain('Observation');
    expect(planSearch(request(`code=a&_sort=date&_count=3&_page=${token}`), context).search.after).toEqual(match.sortValues);
  });

  test('a token that is forged, altered, of another search or another key is refused', () => {
    const token = planSearch(request('code=a&_sort=date'), context).nextPage(match.sortValues);
    const altered = (token.startsWith('A') ? 'B' : 'A') + token.slice(1);
    const ofOther = createPageTokens(Buffer.alloc(32, 8)).seal({ of: 'x', after: [] });
    const others = [`code=b&_sort=date&_page=${token}`, `code=a&_page=${token}`, `code=a&_sort=date&_page=${altered}`];
    for (const query of [
      ...others,
      `code=a&_page=${ofOther}`,
      'code=a&_page=x',
      'code=a&_page=..%2F',
      `code=a&_page=${'A'.repeat(9000)}`,
    ]) {
      expect(() => planSearch(request(query), context), query).toThrow(FhirError);
    }
  });

  test('ap pages on although its condition moves with time', () => {
    const parsed = (now: number, more = '') =>
      parseSearch([...new URLSearchParams(`date=ap2020${more}`)], ['Observation'], {
        registry,
        baseUrl: '',
        handling: 'strict',
        now: () => now,
      });
    const token = planSearch(parsed(0), context).nextPage(match.sortValues);
    expect(planSearch(parsed(1e12, `&_page=${token}`), context).search.after).toEqual(match.sortValues);
  });

  test('access is part of every search: all, some, none', () => {
    const narrowed = (narrow: PlanContext['narrow'], types?: readonly string[]) =>
      planSearch(request('_tag=t', types), { ...context, narrow }).search;
    expect(narrowed(() => NOTHING)).toMatchObject({ types: [], where: NOTHING });
    expect(narrowed(() => ({ kind: 'patient', reference: 'Patient/1' }))).toMatchObject({
      where: { kind: 'and', of: [equals('Observation._tag~t'), { kind: 'patient', reference: 'Patient/1' }] },
      patient: 'Patient/1',
    });
    const onlyPatients = (type: string) => (type === 'Patient' ? EVERYTHING : NOTHING);
    expect(narrowed(onlyPatients, ['Patient', 'Observation']).types).toEqual(['Patient']);
    const both = ['Patient', 'Observation'];
    expect(printExpression(narrowed(() => equals('x'), both).where)).toMatch(/^\("x" and \(.*_tag~t.*\)\)$/);
    const each = (type: string): SearchExpression => (type === 'Patient' ? EVERYTHING : equals('x'));
    expect(printExpression(narrowed(each, both).where)).toContain('(("x" and types[Observation]) or types[Patient])');
  });
});

describe('simplify', () => {
  const [a, b] = [equals('a'), equals('b')];
  const ids = (...list: string[]): SearchExpression => ({ kind: 'ids', ids: list });
  test.each<[SearchExpression, SearchExpression]>([
    [
      { kind: 'and', of: [b, { kind: 'and', of: [a, b, EVERYTHING] }] },
      { kind: 'and', of: [a, b] },
    ],
    [
      { kind: 'or', of: [b, { kind: 'or', of: [a, NOTHING] }] },
      { kind: 'or', of: [a, b] },
    ],
    [{ kind: 'and', of: [a, NOTHING] }, NOTHING],
    [{ kind: 'or', of: [a, EVERYTHING] }, EVERYTHING],
    [{ kind: 'not', of: { kind: 'not', of: a } }, a],
    [{ kind: 'not', of: { kind: 'or', of: [] } }, EVERYTHING],
    [{ kind: 'or', of: [ids('b'), ids('a'), ids('b')] }, ids('a', 'b')],
    [
      { kind: 'and', of: [ids('b'), ids('a')] },
      { kind: 'and', of: [ids('a'), ids('b')] },
    ],
    [ids(), NOTHING],
    [{ kind: 'and', of: [] }, EVERYTHING],
  ])('%j', (before, after) => {
    expect(simplify(before)).toEqual(after);
  });
});
