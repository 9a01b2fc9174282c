/** Units of work that a fault test or `$benchmark` commits over both stores: three documents and two rows, told apart by number. */
import { recordKeyOf } from '../../model/record-key.ts';
import { type IndexEntries, NO_ENTRIES, type ResourceDraft, type ResourceKey } from '../../model/resource.ts';
import type { UnitOfWork } from '../store.ts';

/** The types among them that lie in PostgreSQL. */
const ADMINISTRATIVE: ReadonlySet<string> = new Set(['Encounter', 'Claim']);

export const isAdministrativeUnitType = (type: string) => ADMINISTRATIVE.has(type);

/** Every resource of unit `n`. The observations lie in two records, so that every second unit spans shards. */
export function keysOf(n: number): readonly (ResourceKey & { readonly owner: string })[] {
  const owner = `fault-${n}`;
  return [
    { type: 'Patient', id: owner, owner },
    { type: 'Observation', id: `${owner}-a`, owner },
    { type: 'Observation', id: `${owner}-b`, owner: `other-${n % 2 === 0 ? n : owner}` },
    { type: 'Encounter', id: `${owner}-e`, owner },
    { type: 'Claim', id: `${owner}-c`, owner },
  ];
}

export function unitOf(n: number): { readonly clinicalUnit: UnitOfWork; readonly administrativeUnit: UnitOfWork } {
  const writes = keysOf(n).map((key) => ({ kind: 'create' as const, draft: draftOf(key, n), idAssigned: false }));
  return {
    clinicalUnit: { writes: writes.filter(({ draft }) => !isAdministrativeUnitType(draft.type)) },
    administrativeUnit: { writes: writes.filter(({ draft }) => isAdministrativeUnitType(draft.type)) },
  };
}

function draftOf({ type, id, owner }: ResourceKey & { readonly owner: string }, n: number): ResourceDraft {
  const at = Date.UTC(2026, 0, 1) + n;
  const index: IndexEntries = {
    ...NO_ENTRIES,
    patients: [`Patient/${owner}`],
    s: [`${type}.identifier=fault|${n}`],
    d: Date.UTC(2020 + (n % 5), 5, 1),
  };
  return {
    type,
    id,
    rk: recordKeyOf(owner),
    version: 1,
    at,
    deleted: false,
    raw: JSON.stringify({ resourceType: type, id }),
    by: { client: 'fault', subject: 'fault', request: String(n) },
    method: 'PUT',
    index,
  };
}
