/** The two stores and the units that the two-phase fault test commits: three documents and two rows, told apart by number. */

import { recordKeyOf } from '../../src/model/record-key.ts';
import { type IndexEntries, NO_ENTRIES, type ResourceDraft, type ResourceKey } from '../../src/model/resource.ts';
import { createMongoStore, type MongoStore } from '../../src/store/mongo/mongo-store.ts';
import { ADMINISTRATIVE_TYPES } from '../../src/store/placement/placement.ts';
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { UnitOfWork } from '../../src/store/store.ts';

export async function openStores(
  mongodbUri: string,
  databaseUrl: string,
): Promise<{ clinical: MongoStore; administrative: PostgresStore }> {
  const clinical = await createMongoStore({
    uri: mongodbUri,
    types: ['Patient', 'Observation'],
    isOwnerType: (type) => type === 'Patient',
  });
  const administrative = createPostgresStore({ url: databaseUrl });
  return { clinical, administrative };
}

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
  const isAdministrative = (type: string) => ADMINISTRATIVE_TYPES.has(type);
  return {
    clinicalUnit: { writes: writes.filter(({ draft }) => !isAdministrative(draft.type)) },
    administrativeUnit: { writes: writes.filter(({ draft }) => isAdministrative(draft.type)) },
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
