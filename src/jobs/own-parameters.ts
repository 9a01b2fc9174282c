/** The SearchParameter resources that are indexed, or would be if the settings let them. */
import type { ResourceVersion } from '../model/resource.ts';
import type { LiveSearch, UsedParameter } from '../search/parameters/live-search.ts';
import {
  definitionOf,
  hiddenProblems,
  isRegistered,
  type OwnParameterRules,
  problemsOf,
  typesOf,
} from '../search/parameters/own-parameter.ts';
import type { ResourceStore } from '../store/store.ts';

export interface Own {
  /** `<id>/<version>`: another one after each change. */
  readonly name: string;
  /** Of the resource; "" for one that comes from the settings. */
  readonly id: string;
  readonly definition: UsedParameter['definition'];
  readonly types: readonly string[];
  /** Its entries are those of other parameters: there is nothing to index. */
  readonly isCovered: boolean;
  /** Why it is not indexed, since the settings have changed. */
  readonly refused?: string;
}

/** Own parameters at most: each one costs every write of its types. */
export const MOST_OWN_PARAMETERS = 100;
const MOST_READ = 5_000;

/** True if both would answer one name on one type. */
export const isTwin = (a: Pick<Own, 'definition' | 'types'>, b: Pick<Own, 'definition' | 'types'>) =>
  a.definition.code === b.definition.code && a.types.some((type) => b.types.includes(type));

interface OwnParameterOptions {
  readonly resources: Pick<ResourceStore, 'search' | 'count'>;
  readonly live: Pick<LiveSearch, 'isCovered'>;
  readonly rules: OwnParameterRules;
  readonly log: (message: string, detail: object) => void;
}

interface OwnParameters {
  /** Tells cheaply that something was written, but for a write that was overtaken by a younger one. */
  signature(): Promise<string>;
  /** Those that are registered now; what is known of one that has not changed is taken over. */
  read(known: readonly Own[]): Promise<readonly Own[]>;
}

const EVERY_ONE = { types: ['SearchParameter'], where: { kind: 'everything' } } as const;
const NEWEST_FIRST = [
  { parameter: '_lastUpdated', descending: true },
  { parameter: '_identity', descending: false },
];
const BY_IDENTITY = [{ parameter: '_identity', descending: false }];

export function createOwnParameters({ resources, live, rules, log }: OwnParameterOptions): OwnParameters {
  function ownOf(name: string, { id, raw }: ResourceVersion): Own | undefined {
    const tree = JSON.parse(raw) as object;
    if (!isRegistered(tree, rules) || problemsOf(tree, { ...rules, hidden: undefined }).length > 0) return undefined;
    const definition = definitionOf(tree);
    const types = typesOf(definition, rules.definitions);
    const [hidden] = hiddenProblems(tree, rules);
    if (hidden) log('a search parameter is not used any more', { id, reason: hidden.diagnostics });
    return { name, id, definition, types, isCovered: live.isCovered(definition, types), ...(hidden && { refused: hidden.diagnostics }) };
  }

  return {
    async signature() {
      const newest = resources.search({ ...EVERY_ONE, sort: NEWEST_FIRST, limit: 1 });
      const [count, [last]] = await Promise.all([resources.count(EVERY_ONE), newest]);
      return `${count} ${last?.resource.at} ${last?.resource.id}`;
    },

    async read(known) {
      const found = await resources.search({ ...EVERY_ONE, sort: BY_IDENTITY, limit: MOST_READ });
      const next: Own[] = [];
      for (const { resource } of found) {
        const name = `${resource.id}/${resource.version}`;
        const one = known.find((each) => each.name === name) ?? ownOf(name, resource);
        // Refused when it was written, unless another gateway was given its twin at the same time: the first by identity wins.
        if (one && next.length < MOST_OWN_PARAMETERS && !next.some((each) => isTwin(each, one))) next.push(one);
      }
      return next;
    },
  };
}
