/**
 * The shapes of recent searches, for `$shard?what-if`: what was asked about, never for what.
 *
 * A shape holds types, names of parameters, whether one patient's record was searched, and the length of the dates asked for.
 */
import type { BoundCondition, SearchExpression } from '../../search/expression/expression.ts';
import type { ResourceStore, StoreSearch } from '../store.ts';

export interface SearchShape {
  readonly types: readonly string[];
  /** "Encounter.date", each once, in order. */
  readonly parameters: readonly string[];
  readonly namesPatient: boolean;
  /** How many days the business date may lie in; undefined where it is not narrowed from below. */
  readonly days?: number;
}

export interface RecentShapes {
  record(search: StoreSearch): void;
  /** The oldest first. */
  list(): readonly SearchShape[];
}

interface ShapeOptions {
  readonly remember: number;
  /** Range keys of the business dates that tables are partitioned by. */
  readonly businessDates: ReadonlySet<string>;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;

export function createRecentShapes({ remember, businessDates, now }: ShapeOptions): RecentShapes {
  const ring: SearchShape[] = [];
  let next = 0;

  return {
    record({ types, where, patient }) {
      const seen = { parameters: new Set<string>(), namesPatient: patient !== undefined, days: undefined as number | undefined };
      look(where, seen);
      ring[next] = {
        types,
        parameters: [...seen.parameters].sort(),
        namesPatient: seen.namesPatient,
        ...(seen.days !== undefined && { days: seen.days }),
      };
      next = (next + 1) % remember;
    },
    list: () => [...ring.slice(next), ...ring.slice(0, next)],
  };

  function look(where: SearchExpression, seen: { parameters: Set<string>; namesPatient: boolean; days: number | undefined }): void {
    switch (where.kind) {
      case 'and':
      case 'or':
        for (const each of where.of) look(each, seen);
        return;
      case 'not':
        look(where.of, seen);
        return;
      case 'equals':
      case 'prefix':
        name(where.entry, seen.parameters);
        return;
      case 'among':
        if (where.entries[0] !== undefined) name(where.entries[0], seen.parameters);
        return;
      case 'contains':
        name(where.start, seen.parameters);
        return;
      case 'range':
        name(where.key, seen.parameters);
        if (businessDates.has(where.key)) seen.days = daysOf(where.conditions) ?? seen.days;
        return;
      case 'patient':
        seen.namesPatient = true;
        return;
      default:
        return;
    }
  }

  /** From the least to the greatest instant that the conditions name, or up to now. */
  function daysOf(conditions: readonly BoundCondition[]): number | undefined {
    const limit = (ops: readonly string[]) => conditions.filter(({ op }) => ops.includes(op)).map(({ value }) => value);
    const [from, to] = [limit(['ge', 'gt']), limit(['le', 'lt'])];
    if (from.length === 0) return undefined;
    return Math.max(0, ((to.length > 0 ? Math.min(...to) : now()) - Math.max(...from)) / DAY_MS);
  }
}

/** Type and parameter at the start of an entry, as they are written there; whatever has another form is left out. */
const NAME = /^\*?([A-Z][A-Za-z]*\.[A-Za-z0-9_-]+)(?=[=~^|:$]|$)/;

function name(entry: string, names: Set<string>): void {
  const found = NAME.exec(entry)?.[1];
  if (found !== undefined) names.add(found);
}

/** A store whose searches are remembered by their shape. */
export function createShapedStore(store: ResourceStore, shapes: RecentShapes): ResourceStore {
  return {
    ...store,
    search(search) {
      shapes.record(search);
      return store.search(search);
    },
  };
}
