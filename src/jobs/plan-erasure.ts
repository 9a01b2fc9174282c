/**
 * What goes when a patient's record is erased.
 *
 * - The patient, and every resource of whose record alone it is: by its current version, or by its last one if it was deleted.
 * - Past versions about the patient alone, of a resource that belongs to somebody else today.
 * - A Binary that one of these points at, if its `securityContext` is one of them.
 *
 * What is in another patient's record as well stays, unless it is named.
 */
import type { Definitions } from '../definitions/definitions.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../model/resource.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { Indexer } from '../search/parameters/indexer.ts';
import type { ErasureItem, ErasureStore } from '../store/erasure.ts';
import type { ResourceStore } from '../store/store.ts';

export interface ErasurePlanServices {
  readonly resources: Pick<ResourceStore, 'collect' | 'history'>;
  readonly erasure: ErasureStore;
  readonly indexer: Pick<Indexer, 'patients'>;
  readonly definitions: Definitions;
  /** Record keys under which a part of the patient's record may lie. */
  readonly placesOf: (patient: string) => readonly string[];
}

export interface ErasurePlan {
  /** Binaries first, the patient last. */
  readonly items: readonly ErasureItem[];
  /** `Type/id` of what stays because it is somebody else's as well. */
  readonly shared: readonly string[];
}

const MOST_RESOURCES = 10_000_000;
const VERSIONS_AT_ONCE = 200;
const RESOURCES_AT_ONCE = 8;

type Found = ErasureItem & { readonly binaries: readonly string[] };
type Verdict = Found | 'shared' | undefined;

/** Reads every version of the record. */
export async function planErasure(patient: string, also: readonly string[], services: ErasurePlanServices): Promise<ErasurePlan> {
  const inArchives = await Promise.all(services.placesOf(patient).map((rk) => services.erasure.archivedIn(rk)));
  const archived = new Map(inArchives.flat().map((version) => [keyText(version), version]));
  const keys = await candidatesOf(patient, [...archived.values()], services);
  const named = new Set(also);
  const items: Found[] = [];
  const shared: string[] = [];
  for (let start = 0; start < keys.length; start += RESOURCES_AT_ONCE) {
    const some = keys.slice(start, start + RESOURCES_AT_ONCE);
    const verdicts = await Promise.all(
      some.map(async (key) => verdictOn(key, await versionsOf(key, services, archived.get(keyText(key))), patient, named, services)),
    );
    verdicts.forEach((verdict, index) => {
      if (verdict === 'shared') shared.push(keyText(some[index] as ResourceKey));
      else if (verdict) items.push(verdict);
    });
  }
  const binaries = await binariesOf(items, patient, named, services);
  shared.push(...binaries.shared);
  const ordered = [...binaries.items, ...items].map(({ kind, type, id, versions }): ErasureItem => ({ kind, type, id, versions }));
  return { items: ordered.sort((a, b) => rankOf(a) - rankOf(b)), shared };
}

/** What points at others goes after them: a run that is taken up again finds them by it. */
const rankOf = ({ type }: ResourceKey) => (type === 'Binary' ? 0 : type === 'Patient' ? 2 : 1);

async function candidatesOf(
  patient: string,
  archived: readonly ResourceKey[],
  { resources, erasure, definitions, placesOf }: ErasurePlanServices,
): Promise<ResourceKey[]> {
  const members = ['Patient', ...Object.keys(definitions.compartments.Patient ?? {})].filter((type) => !isServersOwn(type));
  const types = [...new Set(members)];
  const where = { kind: 'everything' } as const;
  const inCompartment = await resources.collect({ types, where, patient: `Patient/${patient}`, limit: MOST_RESOURCES });
  const lying = (await Promise.all(placesOf(patient).map((rk) => erasure.lyingIn(rk)))).flat();
  const all = new Map([...lying, ...archived].map((key) => [keyText(key), { type: key.type, id: key.id }]));
  for (const text of inCompartment) {
    const [type = '', id = ''] = text.split('/');
    all.set(text, { type, id });
  }
  return [...all.values()];
}

/** Newest first. @param current if it lies in an archive, where the history can't look */
export async function versionsOf(
  key: ResourceKey,
  { resources }: Pick<ErasurePlanServices, 'resources'>,
  current?: ResourceVersion,
): Promise<ResourceVersion[]> {
  const versions: ResourceVersion[] = current ? [current] : [];
  for (;;) {
    const last = versions.at(-1);
    const after = last && { at: last.at, identity: `${last.rk}/${last.type}/${last.id}`, version: last.version };
    const page = await resources.history({ types: [key.type], id: key.id, limit: VERSIONS_AT_ONCE, ...(after && { after }) });
    versions.push(...page);
    if (page.length < VERSIONS_AT_ONCE) return versions;
  }
}

function verdictOn(
  key: ResourceKey,
  versions: readonly ResourceVersion[],
  patient: string,
  named: ReadonlySet<string>,
  { indexer }: ErasurePlanServices,
): Verdict {
  if (versions.length === 0) return { ...key, kind: 'remains', versions: [], binaries: [] };
  const owner = `Patient/${patient}`;
  const all = { ...key, kind: 'whole', versions: versions.map(({ version }) => version), binaries: binaryLinksOf(versions) } as const;
  if (keyText(key) === owner) return all;
  const living = versions.filter(({ deleted }) => !deleted);
  const owners = living.map(({ raw }) => indexer.patients(JSON.parse(raw), key));
  const now = owners[0] ?? [];
  if (now.includes(owner)) return now.length === 1 || named.has(keyText(key)) ? all : 'shared';
  const past = living.filter((version, index) => owners[index]?.length === 1 && owners[index]?.[0] === owner && version !== versions[0]);
  if (past.length === 0) return undefined;
  return { ...key, kind: 'past', versions: past.map(({ version }) => version), binaries: binaryLinksOf(past) };
}

const BINARY_LINK = /\bBinary\/([A-Za-z0-9\-.]{1,64})/g;
const binaryLinksOf = (versions: readonly ResourceVersion[]) =>
  versions.flatMap(({ raw }) => [...raw.matchAll(BINARY_LINK)].map(([, id = '']) => id));

async function binariesOf(
  items: readonly Found[],
  patient: string,
  named: ReadonlySet<string>,
  services: ErasurePlanServices,
): Promise<{ readonly items: readonly Found[]; readonly shared: readonly string[] }> {
  const goes = new Set([`Patient/${patient}`, ...items.filter(({ kind }) => kind === 'whole').map(keyText)]);
  const found: Found[] = [];
  const shared: string[] = [];
  for (const id of new Set(items.flatMap(({ binaries }) => binaries))) {
    const key = { type: 'Binary', id };
    const versions = goes.has(keyText(key)) ? [] : await versionsOf(key, services);
    if (versions.length === 0) continue;
    const contexts = versions.filter(({ deleted }) => !deleted).map(({ raw }) => securityContextOf(raw));
    const isTheirs = named.has(keyText(key)) || (contexts[0] !== undefined && goes.has(contexts[0]));
    if (isTheirs) found.push({ ...key, kind: 'whole', versions: versions.map(({ version }) => version), binaries: [] });
    else shared.push(keyText(key));
  }
  return { items: found, shared };
}

/** `Type/id`, without the version or the server's address. */
function securityContextOf(raw: string): string | undefined {
  const { securityContext } = JSON.parse(raw) as { securityContext?: { reference?: string } };
  return /([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/\d+)?$/.exec(securityContext?.reference ?? '')?.[1];
}
