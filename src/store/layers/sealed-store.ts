/** A store whose texts are encrypted in part: everything above it sees them as the client sent them. */
import type { IndexEntries, ResourceVersion } from '../../model/resource.ts';
import type { ErasureStore } from '../erasure.ts';
import type { Reindexed, ReindexPage, ReindexPart, ReindexStore, Renewal } from '../reindex.ts';
import type { Idempotency, ResourceStore, UnitOfWork, Write } from '../store.ts';
import type { StoredTexts } from '../stored-texts.ts';

type Version = Pick<ResourceVersion, 'type' | 'id' | 'version' | 'raw'>;

/** What a store needs of the encryption. */
interface TextSealer {
  /** The same for the same version, whenever it is made. */
  seal(version: Version): string;
  /** @throws FhirError 503 for a key that is not there, 500 for a text that was altered */
  open(version: Version): string;
  sealWhole(place: string, text: string): string;
  openWhole(place: string, text: string): string;
}

const withText = <V extends ResourceVersion>(version: V, raw: string): V => (raw === version.raw ? version : { ...version, raw });

/** Above the stores, so that the same text lies in both databases, in histories, prepared transactions and archives. */
export function createSealedStore(store: ResourceStore, sealer: TextSealer): ResourceStore {
  /** A text in several parts may be read while it is put in another form: then it does not open, and is there whole a moment later. */
  const opened = async <V extends ResourceVersion>(version: V): Promise<V> => {
    try {
      return withText(version, sealer.open(version));
    } catch (error) {
      const again = await store.readVersion(version, version.version);
      if (!again || again.raw === version.raw) throw error;
      return withText(version, sealer.open(again));
    }
  };
  const openedAll = <V extends ResourceVersion>(versions: readonly V[]) => Promise.all(versions.map(opened));
  const sealed = <V extends ResourceVersion>(version: V): V => withText(version, sealer.seal(version));
  const sealedWrite = (write: Write): Write =>
    write.kind === 'create'
      ? { ...write, draft: sealed(write.draft) }
      : { ...write, draft: sealed(write.draft), previous: sealed(write.previous) };
  return {
    ...store,
    async read(key) {
      const version = await store.read(key);
      return version && opened(version);
    },
    async readVersion(key, version) {
      const found = await store.readVersion(key, version);
      return found && opened(found);
    },
    history: async (request) => openedAll(await store.history(request)),
    async search(search) {
      const matches = await store.search(search);
      const resources = await openedAll(matches.map(({ resource }) => resource));
      return matches.map((match, at) => ({ ...match, resource: resources[at] as ResourceVersion }));
    },
    commit: (unit) => store.commit(sealedUnit(unit, sealedWrite, sealer)),
    async findIdempotency(key) {
      const found = await store.findIdempotency(key);
      return found && { ...found, bodyHash: sealer.openWhole(answerPlace(key), found.bodyHash) };
    },
  };
}

const answerPlace = (key: string) => `idempotency/${key}`;

/** The hash of a body whose other parts are known would tell an identifier in it to whoever tries them all. */
function sealedUnit(unit: UnitOfWork, sealedWrite: (write: Write) => Write, sealer: TextSealer): UnitOfWork {
  const { idempotency } = unit;
  const kept =
    idempotency && ({ ...idempotency, bodyHash: sealer.sealWhole(answerPlace(idempotency.key), idempotency.bodyHash) } as Idempotency);
  return { ...unit, writes: unit.writes.map(sealedWrite), ...(kept && { idempotency: kept }) };
}

/** What lies in archived years is looked at by erasures alone. */
export function createSealedErasure(inner: ErasureStore, sealer: TextSealer): ErasureStore {
  const archivedIn = async (rk: string) => (await inner.archivedIn(rk)).map((version) => withText(version, sealer.open(version)));
  return { ...inner, archivedIn };
}

/** Versions as they lie in an archive, as they are to lie there today. */
export function createRenewal(sealer: TextSealer, entriesOf: (resource: object, version: ResourceVersion) => IndexEntries): Renewal {
  return (stored) => {
    const plain = { ...stored, raw: sealer.open(stored) };
    return { version: { ...stored, raw: sealer.seal(plain) }, index: entriesOf(JSON.parse(plain.raw), plain) };
  };
}

/** Runs over what is stored that also bring its texts into today's form: those of current versions, and if asked for those of past ones. */
export function createSealedReindex(inner: ReindexStore, past: StoredTexts, sealer: TextSealer): ReindexStore {
  /** As they lie in the store, by the version that was given out. */
  const asStored = new WeakMap<ResourceVersion, string>();
  const opened = (version: ResourceVersion): ResourceVersion => {
    const plain = { ...version, raw: sealer.open(version) };
    asStored.set(plain, version.raw);
    return plain;
  };
  const page = async (part: ReindexPart, after: string | undefined, limit: number): Promise<ReindexPage> => {
    const found = await (part.isPast ? past.page(part, after, limit) : inner.page(part, after, limit));
    return { ...found, versions: found.versions.map(opened) };
  };
  const outdated = ({ version }: Reindexed) => {
    const stored = asStored.get(version);
    const raw = sealer.seal(version);
    return stored === undefined || stored === raw ? [] : [{ version, stored, raw }];
  };
  return {
    ...inner,
    parts: async (types, withPast) => [...(await inner.parts(types)), ...(withPast ? await past.parts() : [])],
    page,
    async rewrite(part, items) {
      if (!part.isPast) await inner.rewrite(part, items);
      const texts = items.flatMap(outdated);
      if (texts.length > 0) await past.replace(part, texts);
    },
  };
}
