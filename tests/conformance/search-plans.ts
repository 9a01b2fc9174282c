/** What a plan must not do: read all of a collection, of a table, or of a partition that the dates rule out, or ask every shard of one patient. */
import { printExpression } from '../../src/search/expression/print.ts';
import type { PartExplanation } from '../../src/store/explain.ts';
import { mainKeyOf, tableOf } from '../../src/store/postgres/business-date.ts';
import type { ResourceStore, SearchMatch, StoreSearch } from '../../src/store/store.ts';

/** The store, and each different search that it was asked. */
export function watchSearches(store: ResourceStore): { readonly store: ResourceStore; readonly asked: ReadonlyMap<string, StoreSearch> } {
  const asked = new Map<string, StoreSearch>();
  const search = (wanted: StoreSearch): Promise<readonly SearchMatch[]> => {
    const { signal: _signal, ...plain } = wanted;
    asked.set(JSON.stringify(plain), plain);
    return store.search(wanted);
  };
  return { store: { ...store, search }, asked };
}

/** What is wrong with how a search is run, one line each. */
export async function faultsOf(store: Pick<ResourceStore, 'explain'>, search: StoreSearch): Promise<string[]> {
  const stages = await store.explain(search);
  const faults = stages.flatMap(({ parts, types, store: name }) => [
    ...parts.flatMap((part) => scansIn(part)),
    ...(name === 'mongodb' && search.patient !== undefined && parts.length > 1 ? [`${parts.length} shards of one record`] : []),
    ...(name === 'postgresql' ? parts.flatMap((part) => unprunedIn(part, types, search)) : []),
  ]);
  return faults.map((fault) => `${fault}: ${search.types.slice(0, 3).join(',')}?${printExpression(search.where)}`);
}

function scansIn({ nodes, relations = [] }: PartExplanation): string[] {
  return [
    ...(nodes.includes('COLLSCAN') ? ['a collection scan'] : []),
    // PostgreSQL was told to avoid it: it is there because no index will do.
    ...(nodes.includes('Seq Scan') ? [`a sequential scan of ${relations.join(', ')}`] : []),
  ];
}

/** Partitions of years that no row with such a date lies in. */
function unprunedIn({ relations = [] }: PartExplanation, [type = '']: readonly string[], { where }: StoreSearch): string[] {
  const main = mainKeyOf(tableOf(type));
  const starts = (where.kind === 'and' ? where.of : [where]).flatMap((part) =>
    part.kind === 'range' && part.key === main ? part.conditions.filter(({ bound }) => bound === 'lo') : [],
  );
  const yearOf = (value: number) => new Date(value).getUTCFullYear();
  return relations.flatMap((relation) => {
    const year = Number(/_y(\d{4})$/.exec(relation)?.[1] ?? Number.NaN);
    const isOutside = starts.some(({ op, value }) => (op === 'ge' || op === 'gt' ? year < yearOf(value) : year > yearOf(value)));
    return isOutside ? [`${relation} was not pruned`] : [];
  });
}
