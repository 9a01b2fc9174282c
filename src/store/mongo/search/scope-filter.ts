/**
 * Which documents a search is among, as one filter.
 *
 * A search that names the patient carries the `_id` range of the patient's record, which targets one shard; pointers to
 * resources of other records answer there too. Any other search leaves pointers out.
 */
import type { Filter } from 'mongodb';
import { identityOf, type ResourceKey } from '../../../model/resource.ts';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { anyCodePrefix, HOT_CODE, parameterKey, patientCode } from '../../../search/parameters/entry-text.ts';
import type { SearchScope } from '../../store.ts';
import type { ShardTrips } from '../cluster/shard-trips.ts';
import { inRange, lostShards, type ShardWatch } from '../cluster/shard-watch.ts';
import type { StoredDocument } from '../document.ts';
import type { MongoReader } from '../read.ts';
import { filterOf, IN_POPULATION, idsIn } from './filter.ts';

interface ScopeParts {
  readonly reader: MongoReader;
  readonly watch: ShardWatch;
  readonly trips: ShardTrips;
  /** The record key of the record of a patient, given as "Patient/1". */
  readonly recordOf: (patient: string) => string;
}

/** Reads where resources lie that are asked for by id. @throws FhirError 503 where a shard is lost and that may not be told */
type ScopeFilter = (scope: SearchScope) => Promise<Filter<StoredDocument>>;

export function createScopeFilter({ reader, watch, trips, recordOf }: ScopeParts): ScopeFilter {
  /** What a search over several shards must leave out because nothing answers there. @throws FhirError 503 unless that may be told */
  function withoutLost({ patient, missing }: SearchScope): Filter<StoredDocument>[] {
    const lost = patient ? [] : trips.lost();
    if (lost.length === 0) return [];
    const left = watch.ranges().filter(({ shard }) => !lost.includes(shard));
    if (!missing || left.length === 0) throw lostShards(lost);
    missing(lostShards(lost).message);
    return [{ $or: left.map(inRange) }];
  }

  async function identitiesFor(where: SearchExpression, types: readonly string[], patient: string | undefined) {
    const entries = await Promise.all(
      idsIn(where, types).map(async ([expression, ofTypes]) => {
        const keys: ResourceKey[] = ofTypes.flatMap((type) => expression.ids.map((id) => ({ type, id })));
        // Within a record all that counts lies under its key, pointers to resources of other records too.
        const inRecord = patient && keys.map((key) => identityOf({ ...key, rk: recordOf(patient) }));
        return [expression, inRecord || (await reader.identitiesOf(keys))] as const;
      }),
    );
    return new Map(entries);
  }

  return async (scope) => {
    const { types, where, patient } = scope;
    const identities = await identitiesFor(where, types, patient);
    const conditions: Filter<StoredDocument>[] = [
      filterOf(where, (ids) => identities.get(ids) ?? []),
      ...withoutLost(scope),
      types.length === 1 ? { type: types[0] as string } : { type: { $in: [...types] } },
    ];
    return patient ? recordFilter(conditions, recordOf(patient), patient, scope) : { $and: [...conditions, IN_POPULATION] };
  };
}

/** Of a patient's record: its own range of keys, where a code may have an index. */
function recordFilter(
  conditions: readonly Filter<StoredDocument>[],
  rk: string,
  patient: string,
  { types, where }: SearchScope,
): Filter<StoredDocument> {
  const start = types.length === 1 ? `${rk}/${types[0]}` : rk;
  // `home` alone, without `patients`, is a forwarder.
  const isSaid = partsOf(where).some((part) => part.kind === 'patient' && part.reference === patient);
  const all = [...conditions, ...(isSaid ? [] : [{ patients: patient }]), { deleted: { $exists: false } }];
  const within = { _id: { $gte: `${start}/`, $lt: `${start}0` } };
  return { $and: [within, ...codesOfPatient(where, types, patient), unplanned({ $and: all })] };
}

/** What must all hold. */
const partsOf = (where: SearchExpression): readonly SearchExpression[] => (where.kind === 'and' ? where.of : [where]);

/** Where a code is asked for beside the patient, the index of both together. */
function codesOfPatient(where: SearchExpression, types: readonly string[], patient: string): Filter<StoredDocument>[] {
  const [type] = types;
  if (type === undefined || types.length > 1) return [];
  const start = anyCodePrefix(parameterKey(type, HOT_CODE));
  return partsOf(where).flatMap((part) =>
    part.kind === 'equals' && part.entry.startsWith(start) ? [{ pc: patientCode(patient, type, part.entry) }] : [],
  );
}

/**
 * The same condition, of which the planner makes no plans: of a date's two alternatives and three more indexes it makes
 * dozens, and tries them, where the record's own range of `_id` is enough.
 */
const unplanned = (filter: Filter<StoredDocument>): Filter<StoredDocument> => ({ $nor: [{ $nor: [filter] }] });
