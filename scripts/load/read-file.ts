/** One input file as the requests that load it. Holds one request's worth of it in memory, whatever its size (NDJSON). */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { InputFile } from './files.ts';
import { createItem, type LoadItem, type Unloadable } from './item.ts';

const MAX_BATCH_ENTRIES = 200;
const MAX_BATCH_CHARACTERS = 1024 * 1024;

interface Loose {
  readonly resourceType?: unknown;
  readonly id?: unknown;
  readonly type?: unknown;
  readonly entry?: readonly unknown[];
}

/** Bundles as they are; the resources of NDJSON files and single resources gathered into batch Bundles. */
export function readItems(file: InputFile): AsyncIterable<LoadItem | Unloadable> {
  return /\.ndjson(\.gz)?$/i.test(file.path) ? readLines(file) : readWhole(file);
}

async function* readWhole(file: InputFile): AsyncIterable<LoadItem | Unloadable> {
  const stored = await readFile(file.path);
  const body = file.path.endsWith('.gz') ? gunzipSync(stored) : stored;
  yield toItem(file.name, body.toString('utf8'), file.bytes);
}

async function* readLines(file: InputFile): AsyncIterable<LoadItem | Unloadable> {
  const raw = createReadStream(file.path);
  const lines = createInterface({ input: file.path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw, crlfDelay: Number.POSITIVE_INFINITY });
  // The share of a compressed file that a line stands for is only known on disk: credit what was read since the last item.
  let credited = 0;
  const credit = () => {
    const bytes = raw.bytesRead - credited;
    credited = raw.bytesRead;
    return bytes;
  };
  let batch = createBatch();
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const name = `${file.name}:${number}`;
    const resource = tryParse(line);
    if (isBundle(resource)) yield toItem(name, line, credit());
    else {
      const entry = toEntry(resource, line);
      if (entry === undefined) yield { name, bytes: credit(), reason: 'not a FHIR resource' };
      else if (!batch.add(name, entry)) {
        yield batch.item(credit());
        batch = createBatch();
        batch.add(name, entry);
      }
    }
  }
  if (batch.size() > 0) yield batch.item(credit());
}

function toItem(name: string, text: string, bytes: number): LoadItem | Unloadable {
  const resource = tryParse(text);
  if (isBundle(resource)) {
    if (resource.type === 'transaction' || resource.type === 'batch')
      return createItem(name, Buffer.from(text), resource.entry?.length ?? 0, bytes);
    return {
      name,
      bytes,
      reason: `a Bundle of type "${String(resource.type)}" is not a request: only transaction and batch can be loaded`,
    };
  }
  const entry = toEntry(resource, text);
  if (entry === undefined) return { name, bytes, reason: 'not JSON, or not a FHIR resource' };
  const batch = createBatch();
  batch.add(name, entry);
  return batch.item(bytes);
}

function tryParse(text: string): Loose | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const isBundle = (resource: Loose | undefined): resource is Loose => resource?.resourceType === 'Bundle';

/** A resource with an id is put under it, so that references between lines hold. The text goes in as it is. */
function toEntry(resource: Loose | undefined, text: string): string | undefined {
  if (typeof resource?.resourceType !== 'string') return undefined;
  const type = resource.resourceType;
  const request = typeof resource.id === 'string' ? { method: 'PUT', url: `${type}/${resource.id}` } : { method: 'POST', url: type };
  return `{"resource":${text},"request":${JSON.stringify(request)}}`;
}

function createBatch() {
  const entries: string[] = [];
  let characters = 0;
  let first = '';
  return {
    size: () => entries.length,
    /** False if the batch is full. */
    add(name: string, entry: string): boolean {
      if (entries.length > 0 && (entries.length >= MAX_BATCH_ENTRIES || characters + entry.length > MAX_BATCH_CHARACTERS)) return false;
      first ||= name;
      entries.push(entry);
      characters += entry.length;
      return true;
    },
    item: (bytes: number) =>
      createItem(first, Buffer.from(`{"resourceType":"Bundle","type":"batch","entry":[${entries.join(',')}]}`), entries.length, bytes),
  };
}
