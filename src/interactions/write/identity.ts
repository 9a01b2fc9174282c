/** Which id a new resource gets and under which record key a resource lies. */
import { memberIdFrom, ownerIdFrom, recordKeyOf } from '../../model/record-key.ts';
import type { InteractionContext } from '../context.ts';

/** The id for a resource that is posted: it ends in the record key of the patient in whose record it lies, or in its own. A patient's is in its region's zone. */
export function newId(context: InteractionContext, type: string, tree: object): string {
  const ulid = context.newUlid();
  const home = type === 'Patient' ? undefined : context.indexer.patients(tree, { type, id: '' })[0];
  if (type === 'Patient') return ownerIdFrom(ulid, context.zoneOf?.(tree));
  return home === undefined ? ownerIdFrom(ulid) : memberIdFrom(ulid, recordKeyIn(context, [home], ''));
}

/** The record key of a resource: its home patient's, or its own if it is in nobody's compartment. */
export function recordKeyIn({ records }: Pick<InteractionContext, 'records'>, patients: readonly string[], id: string): string {
  const home = patients[0];
  if (home === undefined) return recordKeyOf(id);
  return records ? records.of(patientId(home)) : recordKeyOf(patientId(home));
}

/** "Patient/123" → "123". */
const patientId = (reference: string): string => reference.slice(reference.indexOf('/') + 1);
