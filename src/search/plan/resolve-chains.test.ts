import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { FhirError, forbidden } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { EVERYTHING, NOTHING } from '../expression/expression.ts';
import type { StoreCollect } from '../expression/search.ts';
import { createSearchRegistry } from '../parameters/registry.ts';
import { parseSearch } from '../request/parse.ts';
import { resolveChains } from './plan-search.ts';
import type { ChainContext } from './resolve-chains.ts';

const registry = createSearchRegistry(loadDefinitions());
const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry });

/** Answers what is collected, in turn, and keeps what was asked. */
function world(...answers: readonly string[][]) {
  const asked: StoreCollect[] = [];
  const context: ChainContext = {
    registry,
    narrow: () => EVERYTHING,
    refuse: (type) => {
      throw forbidden(type);
    },
    collect: async (request) => {
      asked.push(request);
      return (answers[asked.length - 1] ?? []).slice(0, request.limit);
    },
    membersOf: async () => [],
    mostIds: 3,
  };
  const resolve = async (query: string, type: string, changes: Partial<ChainContext> = {}) => {
    const parsed = parseSearch([...new URLSearchParams(query)], [type], {
      registry,
      baseUrl: 'http://here',
      handling: 'strict',
      now: () => 0,
    });
    return (await resolveChains(parsed, { ...context, ...changes })).where;
  };
  return { asked, resolve };
}

const issueOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error instanceof FhirError ? `${error.status} ${error.issues[0]?.code}` : String(error)),
  );

const MANY = ['Patient/1', 'Patient/2', 'Patient/3', 'Patient/4'];

describe('chains and _has as semi-joins', () => {
  test('a chain starts at its far end; one id is one reference, so that the patient is known', async () => {
    const { asked, resolve } = world(['Patient/1']);
    expect(await resolve('patient.identifier=a', 'Observation')).toEqual(equals('Observation.subject=Patient/1'));
    expect(asked).toEqual([{ types: ['Patient'], where: equals('Patient.identifier~a'), prefixes: undefined, limit: 4 }]);
  });

  test('many ids are one list; none is nothing', async () => {
    expect(await world(['Patient/1', 'Patient/2']).resolve('patient.identifier=a', 'Observation')).toEqual({
      kind: 'among',
      entries: ['Observation.subject=Patient/1', 'Observation.subject=Patient/2'],
    });
    expect(await world([]).resolve('patient.identifier=a', 'Observation')).toEqual(NOTHING);
  });

  test('within one record it starts at the near end, asking that record only', async () => {
    const { asked, resolve } = world(
      ['Observation.encounter=Encounter/1', 'Observation.encounter=Encounter/2', 'Observation.encounter=Encounter/3@http://else'],
      ['Encounter/2'],
    );
    const where = await resolve('patient=7&encounter.status=finished', 'Observation');
    expect(where).toEqual({ kind: 'and', of: [equals('Observation.encounter=Encounter/2'), equals('Observation.subject=Patient/7')] });
    expect(asked[0]).toMatchObject({ types: ['Observation'], patient: 'Patient/7', prefixes: ['Observation.encounter=Encounter/'] });
    expect(asked[1]?.where).toEqual({ kind: 'and', of: [equals('Encounter.status~finished'), { kind: 'ids', ids: ['1', '2'] }] });
  });

  test('too many at the far end: from the near one instead; too many at both is an error, never a short answer', async () => {
    const { asked, resolve } = world(MANY, ['Observation.subject=Patient/4'], ['Patient/4']);
    const where = await resolve('code=x&patient.gender=male', 'Observation');
    expect(where).toMatchObject({ of: [equals('Observation.code~x'), equals('Observation.subject=Patient/4')] });
    expect(asked).toHaveLength(3);
    const references = MANY.map((patient) => `Observation.subject=${patient}`);
    expect(await issueOf(world(MANY, references).resolve('code=x&patient.gender=male', 'Observation'))).toBe('422 too-costly');
    expect(await issueOf(world(MANY).resolve('patient.gender=male', 'Observation'))).toBe('422 too-costly');
  });

  test('_has collects references, from either end', async () => {
    const far = world(['Observation.subject=Patient/1', 'Observation.subject=Patient/1/_history/2']);
    expect(await far.resolve('_has:Observation:patient:code=x', 'Patient')).toEqual({ kind: 'ids', ids: ['1'] });
    expect(far.asked[0]).toMatchObject({ types: ['Observation'], prefixes: ['Observation.subject=Patient/'] });
    const near = world(['Patient/1'], ['Observation.subject=Patient/1']);
    await near.resolve('_id=1&_has:Observation:patient:code=x', 'Patient');
    expect(near.asked[1]?.where).toEqual({ kind: 'and', of: [equals('Observation.code~x'), equals('Observation.subject=Patient/1')] });
  });

  test('every hop is narrowed to what the caller may see; a type of which that is nothing is refused', async () => {
    const { asked, resolve } = world(['Organization/1'], ['Patient/1']);
    const seen = (type: string) => equals(`${type}.seen`);
    await resolve('patient.organization.name=x', 'Observation', { narrow: seen });
    expect(asked.map(({ types, where }) => [types[0], JSON.stringify(where).includes(`${types[0]}.seen`)])).toEqual([
      ['Organization', true],
      ['Patient', true],
    ]);
    const narrow = (type: string) => (type === 'Organization' ? NOTHING : EVERYTHING);
    expect(await issueOf(world().resolve('patient.organization.name=x', 'Observation', { narrow }))).toBe('403 forbidden');
    expect(
      await issueOf(world().resolve('_has:Observation:patient:_has:Provenance:target:_id=x', 'Patient', { narrow: () => NOTHING })),
    ).toBe('403 forbidden');
  });

  test('an untyped chain of far too many ways is refused, and at once', async () => {
    const startedAt = performance.now();
    const chain = (hops: number) => `${'subject.'.repeat(hops)}identifier=x`;
    for (const hops of [2, 3, 4, 5]) expect(await issueOf(world().resolve(chain(hops), 'Composition'))).toBe('422 too-costly');
    expect(await issueOf(world().resolve('target._id=x', 'Provenance'))).toBe('422 too-costly');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('a chain has five hops at most', async () => {
    const hops = (count: number) => `${'part-of.'.repeat(count)}status=planned`;
    expect(await issueOf(world().resolve(hops(5), 'Encounter'))).toBe('answered');
    expect(await issueOf(world().resolve(hops(6), 'Encounter'))).toBe('400 value');
    expect(await issueOf(world().resolve(`${'_has:Encounter:part-of:'.repeat(20)}status=planned`, 'Encounter'))).toBe('400 value');
  });
});
