/** What happened to a few resources under concurrent requests, and what of it no single order of the requests explains. */

/** Milliseconds of one clock. */
type Instant = number;

interface Span {
  readonly start: Instant;
  readonly end: Instant;
}

/** A write that was sent. Its marker is nobody else's; a deletion has none. */
export interface SentWrite extends Span {
  /** What it touches, "Type/id" each. More than one: a transaction. Empty if its answer did not come and only the server knows. */
  readonly keys: readonly string[];
  readonly marker: string | undefined;
  /** `unknown`: nobody answered, or only "try again". */
  readonly outcome: 'acknowledged' | 'refused' | 'unknown';
  /** The versions that the answer names, by key. */
  readonly versions: ReadonlyMap<string, number>;
}

/** An answered read. Version 0: there was nothing; undefined: it was deleted. */
export interface SeenRead extends Span {
  readonly key: string;
  readonly version: number | undefined;
  readonly marker: string | undefined;
}

/** An answered search for the resources of a type that carry a marker. */
export interface SeenSearch extends Span {
  readonly type: string;
  readonly marker: string;
  readonly found: ReadonlyMap<string, number>;
}

/** A version as the history tells it in the end; a deletion has no marker. */
export interface KeptVersion {
  readonly version: number;
  readonly marker: string | undefined;
}

export interface Book {
  readonly writes: readonly SentWrite[];
  readonly reads: readonly SeenRead[];
  readonly searches: readonly SeenSearch[];
  /** Of each key, in the order of the history: newest first. */
  readonly kept: ReadonlyMap<string, readonly KeptVersion[]>;
}

/** Everything that contradicts: lost, invented, torn or reordered writes, and answers that were out of date. In words. */
export function contradictions(book: Book): string[] {
  return [...gaps(book), ...lostOrInvented(book), ...torn(book), ...reordered(book), ...staleReads(book), ...wrongSearches(book)];
}

function gaps({ kept }: Book): string[] {
  return [...kept].flatMap(([key, versions]) => {
    const numbers = versions.map(({ version }) => version);
    const isWhole = numbers.every((number, index) => number === numbers.length - index);
    return isWhole ? [] : [`${key} has the versions ${numbers.join(', ')}`];
  });
}

function lostOrInvented({ writes, kept }: Book): string[] {
  const sent = new Map(writes.map((write) => [write.marker, write]));
  const lost = writes.flatMap(({ versions, marker, outcome }) =>
    outcome !== 'acknowledged'
      ? []
      : [...versions]
          .filter(([key, version]) => versionOf(kept, key, version)?.marker !== marker)
          .map(([key, version]) => `${key} version ${version} was acknowledged as ${marker ?? 'a deletion'} and is another`),
  );
  const invented = [...kept].flatMap(([key, versions]) =>
    versions
      .filter(({ marker }) => marker !== undefined && (sent.get(marker)?.outcome ?? 'refused') === 'refused')
      .map(({ version, marker }) => `${key} version ${version} is ${marker}, which was refused or never sent`),
  );
  const seen = new Map<string, number>();
  for (const [key, versions] of kept)
    for (const { marker } of versions) if (marker !== undefined) seen.set(`${key} ${marker}`, (seen.get(`${key} ${marker}`) ?? 0) + 1);
  return [...lost, ...invented, ...[...seen].filter(([, times]) => times > 1).map(([what, times]) => `${what} was stored ${times} times`)];
}

function torn({ writes, kept }: Book): string[] {
  return writes.flatMap(({ keys, marker, outcome }) => {
    if (marker === undefined || keys.length === 0) return [];
    const stored = keys.filter((key) => kept.get(key)?.some((version) => version.marker === marker));
    if (stored.length === keys.length) return [];
    if (stored.length === 0 && outcome !== 'acknowledged') return [];
    return [`${marker} (${outcome}) was stored in ${stored.join(', ') || 'nothing'} of ${keys.join(', ')}`];
  });
}

/** Each key's acknowledged writes and reads that name a version, by their ends. */
function evidenceOf({ writes, reads }: Book): ReadonlyMap<string, readonly (Span & { readonly version: number })[]> {
  const evidence = new Map<string, (Span & { readonly version: number })[]>();
  const add = (key: string, { start, end }: Span, version: number) => {
    const ofKey = evidence.get(key) ?? [];
    ofKey.push({ start, end, version });
    evidence.set(key, ofKey);
  };
  for (const write of writes) for (const [key, version] of write.versions) add(key, write, version);
  for (const read of reads) if (read.version) add(read.key, read, read.version);
  return evidence;
}

/** The newest version that somebody had been told of before an instant. */
const knownBefore = (evidence: ReturnType<typeof evidenceOf>, key: string, at: Instant): number =>
  Math.max(0, ...(evidence.get(key) ?? []).filter(({ end }) => end < at).map(({ version }) => version));

function reordered(book: Book): string[] {
  const evidence = evidenceOf(book);
  return book.writes.flatMap((write) =>
    [...write.versions]
      .filter(([key, version]) => version <= knownBefore(evidence, key, write.start))
      .map(([key, version]) => `${key} version ${version} was written after version ${knownBefore(evidence, key, write.start)} was known`),
  );
}

function staleReads(book: Book): string[] {
  const evidence = evidenceOf(book);
  return book.reads.flatMap(({ key, start, end, version, marker }) => {
    const known = knownBefore(evidence, key, start);
    const versions = book.kept.get(key) ?? [];
    if (version === undefined) {
      const isPossible = versions.some((kept) => kept.version >= known && kept.marker === undefined);
      return isPossible ? [] : [`${key} was told to be deleted after version ${known} was known`];
    }
    if (version < known) return [`${key} was read as version ${version} after version ${known} was known`];
    if (version === 0) return [];
    if (versionOf(book.kept, key, version)?.marker !== marker) return [`${key} version ${version} was read as ${marker}`];
    const writer = book.writes.find((write) => write.marker === marker);
    return writer && writer.start > end ? [`${key} version ${version} was read before it was sent`] : [];
  });
}

function wrongSearches(book: Book): string[] {
  const evidence = evidenceOf(book);
  return book.searches.flatMap((search) => {
    const { type, marker, found, start } = search;
    const wrong = [...found]
      .filter(([key, version]) => versionOf(book.kept, key, version)?.marker !== marker || version < knownBefore(evidence, key, start))
      .map(([key, version]) => `a search for ${marker} found ${key} version ${version}, which is not it or was out of date`);
    const missing = [...book.kept.keys()]
      .filter((key) => key.startsWith(`${type}/`) && !found.has(key) && isSurelyCurrent(book, key, search))
      .map((key) => `a search for ${marker} did not find ${key}`);
    return [...wrong, ...missing];
  });
}

/** True if the version with the marker was there before the search began, and its successor was not even sent before it ended. */
function isSurelyCurrent({ writes, kept }: Book, key: string, { marker, start, end }: SeenSearch): boolean {
  const versions = kept.get(key) ?? [];
  const own = versions.find((version) => version.marker === marker);
  const writer = writes.find((write) => write.marker === marker);
  if (!own || writer?.outcome !== 'acknowledged' || writer.end >= start) return false;
  const next = versions.find(({ version }) => version === own.version + 1);
  if (!next) return true;
  // Who deleted it is not told by a marker: any deletion of the key may have.
  const successors = writes.filter((write) => write.marker === next.marker && (next.marker !== undefined || write.keys.includes(key)));
  return successors.every((successor) => successor.start > end);
}

const versionOf = (kept: Book['kept'], key: string, version: number): KeptVersion | undefined =>
  kept.get(key)?.find((each) => each.version === version);
