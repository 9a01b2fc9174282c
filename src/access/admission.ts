/** Whether one version of a resource is within reach, by its own content. */
import type { ResourceDraft, ResourceKey, ResourceVersion } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { matches } from '../search/expression/match.ts';
import type { Indexer } from '../search/parameters/indexer.ts';
import { referenceText } from '../search/parameters/reference-text.ts';
import type { ResourceStore } from '../store/store.ts';
import type { Reach } from './decision.ts';
import type { ScopeLetter } from './scopes.ts';

export interface AdmissionServices {
  readonly indexer: Pick<Indexer, 'entries' | 'patients'>;
  /** The server's base URL: references below it are local. */
  readonly baseUrl: string;
}

export type Admits = (version: ResourceVersion | ResourceDraft, reach: Reach, letter: ScopeLetter) => Promise<boolean>;

export interface Admission {
  readonly admits: Admits;
  /** True if the letter may reach anything of the type. */
  reaches(type: string, reach: Reach, letter: ScopeLetter): boolean;
}

export function createAdmission(store: Pick<ResourceStore, 'read' | 'readVersion'>, { indexer, baseUrl }: AdmissionServices): Admission {
  const matchable = (version: ResourceVersion | ResourceDraft) =>
    'index' in version ? version : { ...version, index: indexer.entries(JSON.parse(version.raw) as object, version) };

  /** A record alone is told by its patients, a quarter of the work of all entries. */
  function isWithin(allowed: SearchExpression, version: ResourceVersion | ResourceDraft): boolean {
    if (allowed.kind === 'patient' && !('index' in version))
      return indexer.patients(JSON.parse(version.raw) as object, version).includes(allowed.reference);
    return matches(allowed, matchable(version));
  }

  /** A deletion is seen by whoever saw what was deleted. */
  async function admitsDeletion(version: ResourceVersion, reach: Reach, letter: ScopeLetter): Promise<boolean> {
    const last = version.version > 1 ? await store.readVersion(version, version.version - 1) : undefined;
    return last !== undefined && !last.deleted && admits(last, reach, letter);
  }

  /** @see https://hl7.org/fhir/R4/binary.html#security-context */
  async function admitsBinary({ raw }: ResourceVersion, reach: Reach, letter: ScopeLetter): Promise<boolean> {
    const { securityContext } = JSON.parse(raw) as { securityContext?: { reference?: unknown } };
    const key = localKey(securityContext?.reference, baseUrl);
    // A Binary that guards a Binary would be a way round in circles.
    if (!key || key.type === 'Binary') return false;
    const guarding = await store.read(key);
    return guarding !== undefined && !guarding.deleted && admits(guarding, reach, letter === 'r' ? 'r' : 'u');
  }

  /** Restrictions hold of a Binary as of what guards it; scopes do not, where they reach the Binary itself. */
  async function isUnrestrictedBinary({ raw }: ResourceVersion, reach: Reach, letter: ScopeLetter): Promise<boolean> {
    const { securityContext } = JSON.parse(raw) as { securityContext?: { reference?: unknown } };
    const key = localKey(securityContext?.reference, baseUrl);
    if (!key || key.type === 'Binary') return true;
    const guarding = await store.read(key);
    if (!guarding || guarding.deleted) return false;
    return matches(reach.unrestricted(key.type, letter === 'r' ? 'r' : 'u'), matchable(guarding));
  }

  async function admits(version: ResourceVersion | ResourceDraft, reach: Reach, letter: ScopeLetter): Promise<boolean> {
    if (reach.reachesAll(version.type, letter)) return true;
    if (version.deleted) return admitsDeletion(version, reach, letter);
    const allowed = reach.narrow(version.type, letter);
    if (allowed.kind !== 'nothing' && isWithin(allowed, version))
      return version.type !== 'Binary' || isUnrestrictedBinary(version, reach, letter);
    return version.type === 'Binary' && reach.followsSecurityContext(letter) && admitsBinary(version, reach, letter);
  }

  return {
    admits,
    reaches: (type, reach, letter) =>
      reach.narrow(type, letter).kind !== 'nothing' || (type === 'Binary' && reach.followsSecurityContext(letter)),
  };
}

/** The resource of this server that a literal reference names, of whatever version. */
export function localKey(literal: unknown, baseUrl: string): ResourceKey | undefined {
  if (typeof literal !== 'string') return undefined;
  const { text, type } = referenceText(literal, baseUrl);
  return type === undefined || text.includes('@') ? undefined : { type, id: text.slice(type.length + 1) };
}
