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
import { parted, type StoredDocument } from '../document.ts';
import type { MongoReader } from '../read.ts';
import { filterOf, IN_POPULATION, idsIn } from './filter.ts';

interface ScopeParts {
  readonly reader: MongoReader;
  readonly watch: ShardWatch;
  readonly trips: ShardTrips;
  /** The record key of the record of a patient, given as "Patient/1". */
  readonly recordOf: (patient: string) => string;
}

/** Indexes by which the resources of a record are found. */
export const BY_CODE = 'patient_code';
const BY_PLACE = '_id_';

export interface ScopeFilter {
  readonly filter: Filter<StoredDocument>;
  /** The index that it is for, where that is known: MongoDB then makes one plan, where it would try some. */
  readonly hint?: typeof BY_CODE | typeof BY_PLACE;
  /** The key of the record that it stays in, if the search names a patient. */
  readonly rk?: string;
}

/** Reads where resources lie that are asked for by id. @throws FhirError 503 where a shard is lost and that may not be told */
type FindScopeFilter = (scope: SearchScope) => Promise<ScopeFilter>;

export function createScopeFilter({ reader, watch, trips, recordOf }: ScopeParts): FindScopeFilter {
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
    const conditionOf = (part: SearchExpression) => filterOf(part, (ids) => identities.get(ids) ?? []);
    if (patient) return recordFilter({ ...scope, patient }, recordOf(patient), conditionOf);
    const ofTypes = types.length === 1 ? { type: types[0] as string } : { type: { $in: [...types] } };
    return { filter: { $and: [conditionOf(where), ...withoutLost(scope), ofTypes, IN_POPULATION] } };
  };
}

/**
 * What lies in a patient's record: by patient and code where a code is asked for, else by its place. The range of `_id` tells
 * the shard, and the type where there is one. What has codes of a patient is in the record, and not deleted.
 */
function recordFilter(
  { types, where, patient }: SearchScope & { readonly patient: string },
  rk: string,
  conditionOf: (part: SearchExpression) => Filter<StoredDocument>,
): ScopeFilter {
  const type = types.length === 1 ? types[0] : undefined;
  const start = type === undefined ? rk : `${rk}/${type}`;
  const within = { _id: { $gte: `${start}/`, $lt: `${start}0` } };
  const parts = where.kind === 'and' ? where.of : [where];
  const [codes, others] = type === undefined ? [[], parts] : codesAmong(parts, type);
  if (type !== undefined && codes.length > 0) {
    const byCode = codes.map((code) => ({ pc: patientCode(patient, type, code) }));
    return { filter: allOf(within, [...byCode, ...others.map(conditionOf)]), hint: BY_CODE, rk };
  }
  // `home` alone, without `patients`, is a forwarder.
  const isSaid = parts.some((part) => part.kind === 'patient' && part.reference === patient);
  const ofTypes = type === undefined ? [{ type: { $in: [...types] } }] : [];
  const inRecord = [...(isSaid ? [] : [{ patients: patient }]), { deleted: { $exists: false } }];
  return { filter: allOf(within, [conditionOf(where), ...ofTypes, ...inRecord]), hint: BY_PLACE, rk };
}

/** One flat document of all where each names fields of its own: cheaper to write and to parse than a list of documents. */
function allOf(first: Filter<StoredDocument>, others: readonly Filter<StoredDocument>[]): Filter<StoredDocument> {
  const parts = [first, ...others.flatMap(partsOf)];
  const fields = parts.flatMap((part) => Object.keys(part));
  return new Set(fields).size === fields.length ? Object.assign({}, ...parts) : { ...first, $and: [...others] };
}

const partsOf = (filter: Filter<StoredDocument>): readonly Filter<StoredDocument>[] => {
  const { $and, ...rest } = filter;
  return $and ? [rest, ...$and.flatMap(partsOf)] : [filter];
};

/** The entries of the codes that are asked for, and the other conditions. */
function codesAmong(parts: readonly SearchExpression[], type: string): readonly [readonly string[], readonly SearchExpression[]] {
  const start = anyCodePrefix(parameterKey(type, HOT_CODE));
  const [codes, others] = parted(parts, (part) => part.kind === 'equals' && part.entry.startsWith(start));
  return [codes.flatMap((part) => (part.kind === 'equals' ? [part.entry] : [])), others];
}
