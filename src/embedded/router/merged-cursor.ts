/** One cursor over those of several shards: concatenated, or merged by the sort keys that the shards send along. */
import { documentEnd, type Element, elementAt, findElement } from './wire/bson-bytes.ts';
import { compareValues, valueIn } from './wire/bson-order.ts';

/** A shard's cursor and what it has sent and we have not passed on. */
export interface Source {
  readonly shard: string;
  readonly address: string;
  /** 0 when the shard has nothing more. */
  id: bigint;
  documents: Buffer[];
}

interface MergeOptions {
  readonly namespace: string;
  /** 1 or -1 for each field of the sort; undefined = no order. */
  readonly directions: readonly number[] | undefined;
  readonly skip: number;
  /** 0 = none. */
  readonly limit: number;
}

/** Asks a shard for more: fills `documents` and `id`. */
export type Fetch = (source: Source) => Promise<void>;

/** A reply holds 16 MB of documents and some room for what is around them. */
const MAX_BATCH_BYTES = 16_000_000;

export class MergedCursor {
  readonly sources: readonly Source[];
  readonly namespace: string;
  readonly #directions: readonly number[] | undefined;
  #skip: number;
  #left: number;

  constructor(sources: readonly Source[], { namespace, directions, skip, limit }: MergeOptions) {
    this.sources = sources;
    this.namespace = namespace;
    this.#directions = directions;
    this.#skip = skip;
    this.#left = limit === 0 ? Number.POSITIVE_INFINITY : limit;
  }

  get isDone(): boolean {
    return this.#left === 0 || this.sources.every(({ id, documents }) => id === 0n && documents.length === 0);
  }

  /**
   * The next documents, at most `count` and 16 MB of them, at least one unless there are no more (or `count` is 0). Without an order
   * and with documents at hand nothing is fetched.
   */
  async next(count: number, fetch: Fetch): Promise<Buffer[]> {
    const batch: Buffer[] = [];
    let bytes = 0;
    while (batch.length < count && this.#left > 0) {
      if (!(await this.#fill(batch.length > 0, fetch))) break;
      const source = this.#directions ? this.#first(this.#directions) : this.sources.find(({ documents }) => documents.length > 0);
      const document = source?.documents[0];
      if (!source || !document) break;
      if (batch.length > 0 && bytes + document.length > MAX_BATCH_BYTES) break;
      source.documents.shift();
      if (this.#skip > 0) {
        this.#skip--;
        continue;
      }
      this.#left--;
      bytes += document.length;
      batch.push(this.#directions ? withoutSortKey(document) : document);
    }
    return batch;
  }

  /** Makes sure that a next document can be chosen. Gives false if that would need a fetch and there is something to hand out already. */
  async #fill(hasSome: boolean, fetch: Fetch): Promise<boolean> {
    const isReady = this.#directions
      ? () => this.sources.every(({ id, documents }) => documents.length > 0 || id === 0n)
      : () => this.sources.some(({ documents }) => documents.length > 0) || this.sources.every(({ id }) => id === 0n);
    while (!isReady()) {
      if (hasSome && !this.#directions) return false;
      await Promise.all(this.sources.filter(({ id, documents }) => id !== 0n && documents.length === 0).map(fetch));
    }
    return true;
  }

  /** The source whose next document comes first; of equal ones the first source's. */
  #first(directions: readonly number[]): Source | undefined {
    let best: Source | undefined;
    for (const source of this.sources) {
      if (source.documents.length === 0) continue;
      if (!best || compareSortKeys(source.documents[0] as Buffer, best.documents[0] as Buffer, directions) < 0) best = source;
    }
    return best;
  }
}

export const SORT_KEY = '$sortKey';

function compareSortKeys(a: Buffer, b: Buffer, directions: readonly number[]): number {
  const left = findElement(a, 0, SORT_KEY) as Element;
  const right = findElement(b, 0, SORT_KEY) as Element;
  let leftAt = left.value + 4;
  let rightAt = right.value + 4;
  for (const direction of directions) {
    const leftKey = elementAt(a, leftAt);
    const rightKey = elementAt(b, rightAt);
    const difference = compareValues(valueIn(a, leftKey), valueIn(b, rightKey));
    if (difference !== 0) return difference * direction;
    leftAt = leftKey.end;
    rightAt = rightKey.end;
  }
  return 0;
}

/** The shard adds it at the end: the document is cut there, in place. */
function withoutSortKey(document: Buffer): Buffer {
  const key = findElement(document, 0, SORT_KEY);
  if (!key) return document;
  if (key.end !== documentEnd(document, 0)) return cutOut(document, key);
  document.writeInt32LE(key.start + 1, 0);
  document[key.start] = 0;
  return document.subarray(0, key.start + 1);
}

function cutOut(document: Buffer, { start, end }: Element): Buffer {
  const rest = Buffer.concat([document.subarray(0, start), document.subarray(end)]);
  rest.writeInt32LE(rest.length, 0);
  return rest;
}
