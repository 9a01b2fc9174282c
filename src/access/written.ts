/**
 * What a write must satisfy: the stored version and the new one are both within reach, ids are the server's where a choice
 * would tell what exists, and a write that stays in one record refers to nothing in another.
 */
import type { Definitions } from '../definitions/definitions.ts';
import { findLinks } from '../definitions/links.ts';
import { forbidden, notFound } from '../model/error.ts';
import { keyText, type ResourceDraft, type ResourceKey, type ResourceVersion } from '../model/resource.ts';
import type { ResourceStore, UnitOfWork, Write } from '../store/store.ts';
import { type AdmissionServices, type Admits, localKey } from './admission.ts';
import { unlessArchived } from './archived.ts';
import type { Reach } from './decision.ts';
import type { ScopeLetter } from './scopes.ts';

export interface WriteServices extends AdmissionServices {
  readonly definitions: Definitions;
}

/** @throws FhirError 404 for what the caller can't see, 403 for what would lie out of reach or refers outside the record */
export async function checkUnit(
  unit: UnitOfWork,
  reach: Reach,
  store: Pick<ResourceStore, 'read'>,
  services: WriteServices,
  admits: Admits,
) {
  for (const write of unit.writes) {
    const letter = letterOf(write);
    if (reach.reachesAll(write.draft.type, letter)) continue;
    await checkWrite(write, letter, reach, store, admits);
    const record = reach.recordOfWrites(write.draft.type, letter);
    if (record !== undefined && !write.draft.deleted) await checkReferences(write, record, unit, store, services);
  }
}

/** A PUT that creates is an update, by SMART's letters. */
function letterOf({ draft }: Write): ScopeLetter {
  return draft.deleted ? 'd' : draft.method === 'POST' ? 'c' : 'u';
}

async function checkWrite(
  write: Write,
  letter: ScopeLetter,
  reach: Reach,
  store: Pick<ResourceStore, 'read'>,
  admits: Admits,
): Promise<void> {
  const { draft } = write;
  const isChosen = write.kind === 'create' && !write.idAssigned;
  const isForbidden = isChosen && !reach.mayChooseIds(draft.type);
  // Who may choose ids meets those that are taken by what is hidden.
  const previous =
    write.kind === 'replace' ? write.previous : isChosen && !isForbidden ? await unlessArchived(store.read(draft)) : undefined;
  if (isForbidden || (previous && !(await admits(previous, reach, letter)))) throw notFound(`there is no ${keyText(draft)}`);
  if (!draft.deleted && !(await admits(draft, reach, letter)))
    throw forbidden(`The scopes of the token do not reach this ${draft.type} as it would be stored.`, draft.type);
}

async function checkReferences(
  write: Write,
  record: string,
  unit: UnitOfWork,
  store: Pick<ResourceStore, 'read'>,
  services: WriteServices,
): Promise<void> {
  const { draft } = write;
  const before = write.kind === 'replace' ? referredBy(write.previous, services) : new Map<string, ResourceKey>();
  for (const [name, key] of referredBy(draft, services)) {
    if (name === record || name === keyText(draft) || before.has(name)) continue;
    const isWithin = key.type !== 'Patient' && (await isIn(record, key, unit, store, services));
    if (!isWithin) throw forbidden(`${name} is not in the record that the token is for, so nothing in it may refer there.`, draft.type);
  }
}

/** What a resource refers to in patients' records, by "Type/id". */
function referredBy(version: ResourceVersion, { definitions, baseUrl }: WriteServices): ReadonlyMap<string, ResourceKey> {
  const found = new Map<string, ResourceKey>();
  if (version.deleted) return found;
  const isInRecords = (type: string) => Object.hasOwn(definitions.compartments.Patient ?? {}, type);
  for (const { kind, value } of findLinks(definitions, JSON.parse(version.raw) as object)) {
    const key = kind === 'reference' ? localKey(value, baseUrl) : undefined;
    if (key && isInRecords(key.type)) found.set(keyText(key), key);
  }
  return found;
}

async function isIn(
  record: string,
  key: ResourceKey,
  { writes }: UnitOfWork,
  store: Pick<ResourceStore, 'read'>,
  { indexer }: WriteServices,
): Promise<boolean> {
  const beside: ResourceDraft | undefined = writes.find(({ draft }) => draft.type === key.type && draft.id === key.id)?.draft;
  if (beside) return beside.index.patients.includes(record);
  const target = await unlessArchived(store.read(key));
  return target !== undefined && !target.deleted && indexer.entries(JSON.parse(target.raw) as object, target).patients.includes(record);
}
