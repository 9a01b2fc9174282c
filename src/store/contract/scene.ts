/** Hand-made drafts for the store contract: no indexer, no definitions, nothing shared between two tests. */

import { randomInt } from 'node:crypto';
import { ulid } from 'ulid';
import { memberIdFrom, ownerIdFrom, recordKeyOf } from '../../model/record-key.ts';
import type { IndexEntries, ResourceDraft, ResourceVersion } from '../../model/resource.ts';
import { NO_ENTRIES } from '../../model/resource.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { anyCodePrefix, HOT_CODE, parameterKey, patientCode } from '../../search/parameters/entry-text.ts';
import type { ResourceStore, StoreSearch, Write } from '../store.ts';

/** Two types that the store under test holds. */
export interface ContractTypes {
  readonly a: string;
  readonly b: string;
}

/** What a test says of a draft; the rest is made up. */
export interface DraftWish {
  /** Default: type `a`. */
  readonly type?: string;
  /** Chosen by the client; without it the server makes one. */
  readonly id?: string;
  /** Logical ids of patients, home patient first. */
  readonly patients?: readonly string[];
  readonly at?: number;
  readonly raw?: string;
  /** Index entries without the `<Type>.` in front: `code=x|1`. */
  readonly s?: readonly string[];
  /** Keys without the `<Type>.` in front: `date`. */
  readonly r?: IndexEntries['r'];
  readonly d?: number | null;
  readonly o?: IndexEntries['o'];
}

/** One test's own corner of a store that other tests use too. */
export interface Scene {
  readonly types: ContractTypes;
  /** Not to be found in any other scene. */
  readonly tag: string;
  /** `n` milliseconds after the scene began; no other scene has versions in its first 100,000,000. */
  at(n: number): number;
  /** A first version; each next one is 1,000 ms younger. */
  draft(wish?: DraftWish): ResourceDraft;
  /** The version after `previous`. */
  next(previous: ResourceDraft, wish?: DraftWish): ResourceDraft;
  deletion(previous: ResourceDraft): ResourceDraft;
  /** `where` limited to this scene's resources. */
  mine(where?: SearchExpression, type?: string): SearchExpression;
}

const SPAN_MS = 100_000_000;

function rawOf(type: string, id: string, version: number, at: number): string {
  const meta = { versionId: String(version), lastUpdated: new Date(at).toISOString() };
  return JSON.stringify({ resourceType: type, id, meta });
}

/** "date" of type `a` is `a.date`, "*value" is `*a.value`. */
export const keyOf = (type: string, key: string) => (key.startsWith('*') ? `*${type}.${key.slice(1)}` : `${type}.${key}`);

function indexOf(type: string, tag: string, wish: DraftWish): IndexEntries {
  const patients = (wish.patients ?? []).map((id) => `Patient/${id}`);
  const s = [...(wish.s ?? []), `scene=${tag}`].map((entry) => `${type}.${entry}`).sort();
  const r = (wish.r ?? []).map((entry) => ({ ...entry, k: keyOf(type, entry.k) }));
  const codes = s.filter((entry) => entry.startsWith(anyCodePrefix(parameterKey(type, HOT_CODE))));
  const pc = patients.flatMap((patient) => codes.map((code) => patientCode(patient, type, code)));
  return { ...NO_ENTRIES, patients, s, r, pc, d: wish.d ?? null, o: wish.o ?? {} };
}

function idsOf(wish: DraftWish): { readonly id: string; readonly rk: string } {
  const home = wish.patients?.[0];
  if (home !== undefined) {
    const rk = recordKeyOf(home);
    return { id: wish.id ?? memberIdFrom(ulid(), rk), rk };
  }
  const id = wish.id ?? ownerIdFrom(ulid());
  return { id, rk: recordKeyOf(id) };
}

/** A new scene. Its clock starts at a random time between the years 1990 and 9900, so that scenes of earlier runs don't interfere. */
export function createScene(types: ContractTypes): Scene {
  const tag = ulid().toLowerCase();
  const start = Date.UTC(1990, 0) + randomInt(2_500_000) * SPAN_MS;
  const by = { client: 'contract', subject: 'tester', request: tag };
  let made = 0;
  const at = (n: number) => start + n;
  const version = (type: string, wish: DraftWish, before?: ResourceDraft): ResourceDraft => {
    const { id, rk } = idsOf({ ...wish, ...(before && { id: before.id }) });
    const number = (before?.version ?? 0) + 1;
    const when = wish.at ?? at(1_000 * ++made);
    const raw = wish.raw ?? rawOf(type, id, number, when);
    const method = before ? 'PUT' : 'POST';
    return { type, id, rk, version: number, at: when, deleted: false, raw, by, method, index: indexOf(type, tag, wish) };
  };
  return {
    types,
    tag,
    at,
    draft: (wish = {}) => version(wish.type ?? types.a, wish),
    next: (previous, wish = {}) => version(previous.type, wish, previous),
    deletion: (previous) => {
      const draft = version(previous.type, {}, previous);
      return { ...draft, rk: previous.rk, deleted: true, raw: '', method: 'DELETE', index: NO_ENTRIES };
    },
    mine: (where, type = types.a) => {
      const scene: SearchExpression = { kind: 'equals', entry: `${type}.scene=${tag}` };
      return where ? { kind: 'and', of: [scene, where] } : scene;
    },
  };
}

/** A create; an id that ends in the draft's record key counts as made by the server. */
export function create(draft: ResourceDraft): Write {
  return { kind: 'create', draft, idAssigned: draft.id.endsWith(`-${draft.rk}`) };
}

/** A replacement of the version that the store gives now. */
export async function replace(store: ResourceStore, draft: ResourceDraft): Promise<Write> {
  const previous = await store.read(draft);
  if (!previous) throw new Error(`${draft.type}/${draft.id} is not there`);
  return { kind: 'replace', draft, previous };
}

/** Commits each draft alone, in order: a create for version 1, else a replacement. */
export async function save(store: ResourceStore, ...drafts: readonly ResourceDraft[]): Promise<void> {
  for (const draft of drafts) {
    await store.commit({ writes: [draft.version === 1 ? create(draft) : await replace(store, draft)] });
  }
}

/** The draft as the store must return it, trail aside. */
export function published({ index: _index, trail: _trail, ...version }: ResourceDraft): ResourceVersion {
  return version;
}

/** What the store returned, trail aside. */
export function withoutTrail(version: ResourceVersion | undefined): ResourceVersion | undefined {
  if (!version) return undefined;
  const { trail: _trail, ...rest } = version;
  return rest;
}

export const BY_IDENTITY: StoreSearch['sort'] = [{ parameter: '_identity', descending: false }];

/** Logical ids of all matches, in byte order of identity. */
export async function found(store: ResourceStore, where: SearchExpression, types: readonly string[]): Promise<string[]> {
  const matches = await store.search({ types, where, sort: BY_IDENTITY, limit: 1_000 });
  return matches.map((match) => match.resource.id);
}
