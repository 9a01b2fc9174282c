/** Entries of composites on repeating elements. @see https://hl7.org/fhir/R4/search.html#composite */
import type { CompositeComponent, CompositeWay } from '../composite.ts';
import { compositeKey, parameterKey, systemOfToken } from '../entry-text.ts';
import { compileReader } from '../path.ts';
import { EntrySink } from './entry-sink.ts';
import type { Extract, ExtractTarget } from './extract.ts';
import { extractorFor } from './extract.ts';

type PartReader = (node: unknown, key: string) => EntrySink;

/** The entries of one part, under whatever key. */
function partReader({ type, code, paths }: CompositeComponent, target: ExtractTarget): PartReader {
  const elementTypes = paths.map((path) => path.type);
  const readers = paths.map((path) => ({ type: path.type, read: compileReader(path.steps) }));
  return (node, key) => {
    const sink = new EntrySink();
    for (const reader of readers) {
      const values: unknown[] = [];
      reader.read(node, values);
      if (values.length === 0) continue;
      const extract = extractorFor(type, { ...target, key, code, elementTypes }, reader.type);
      for (const value of values) extract?.(value, sink);
    }
    return sink;
  };
}

/** Composites take no modifiers, so nothing is kept for such. */
const isForModifier = (entry: string, key: string) => entry.startsWith(`${key}:`);

function elementExtractor(components: readonly CompositeComponent[], target: ExtractTarget): Extract | undefined {
  const [first, second] = components.map((component) => partReader(component, target));
  if (!first || !second) return undefined;
  return (node, sink) => {
    const tokens = first(node, '').s.filter((token) => !isForModifier(token, ''));
    for (const token of new Set([...tokens, ...tokens.flatMap(systemOfToken)])) {
      const key = compositeKey(target.key, token);
      const { s, r } = second(node, key);
      sink.s.push(...s.filter((entry) => !isForModifier(entry, key)));
      sink.r.push(...r);
    }
  };
}

function spanExtractor(ends: readonly CompositeComponent[], target: ExtractTarget): Extract {
  const [from, to] = ends.map((component) => partReader(component, target));
  return (node, sink) => {
    const [lo, hi] = [from?.(node, '').r[0]?.lo, to?.(node, '').r[0]?.lo];
    if (lo !== undefined && hi !== undefined) sink.r.push({ k: target.key, lo, hi });
  };
}

/** How to put the entries of one element, or undefined for a way that stores nothing of its own. */
export function compositeExtractor(
  way: CompositeWay,
  on: string,
  surroundings: Pick<ExtractTarget, 'baseUrl' | 'unit' | 'identifierText'>,
): Extract | undefined {
  if (way.kind === 'single') return undefined;
  const target: ExtractTarget = { key: parameterKey(on, way.storedAs), code: way.storedAs, elementTypes: [], ...surroundings };
  return way.kind === 'element' ? elementExtractor(way.components, target) : spanExtractor(way.ends, target);
}
