/** What is measured in which order: rounds, classes of query, concurrencies, layouts and caches. */
import type { ScratchArena, ScratchGround } from '../../store/benchmark/scratch.ts';
import type { BenchmarkOrder } from './order.ts';

export type Plan = Pick<BenchmarkOrder, 'concurrency' | 'queriesPerRound' | 'rounds'>;

/** Whether every member has its own cache, or the baseline's member has that of all together. */
export type Cache = 'own' | 'total';

/** One cell of the plan. */
export interface Cell {
  readonly arena: ScratchArena;
  readonly query: string;
  readonly concurrency: number;
  /** Below 0: to warm up. */
  readonly round: number;
  readonly cache: Cache;
  readonly isCounted: boolean;
}

/**
 * Rounds one after the other; in each the classes, and in each class the layouts, whose order turns with the rounds. With
 * two caches, each round goes through both, and the next one in the other order; a cache that has just been set is warmed up.
 */
export function cellsOf(ground: ScratchGround, plan: Plan, caches: readonly Cache[]): readonly Cell[] {
  return Array.from({ length: plan.rounds + 1 }, (_, at) => at).flatMap((at) => {
    const inTurn = at % 2 === 0 ? caches : caches.toReversed();
    return inTurn.flatMap((cache, nth) => {
      const counted = blockOf(ground, plan, cache, at - 1);
      return nth === 0 || at === 0 ? counted : [...blockOf(ground, { ...plan, concurrency: [1] }, cache, WARM_UP), ...counted];
    });
  });
}

const WARM_UP = -1;

/**
 * With the cache of all, only the baseline counts. The others are asked all the same: a layout that is asked alone, time after
 * time, keeps the processors' caches to itself, and would be faster for that.
 */
function blockOf(ground: ScratchGround, { concurrency }: Plan, cache: Cache, round: number): readonly Cell[] {
  const arenas = [ground.baseline, ...ground.layouts];
  const isCounted = (arena: ScratchArena) => round >= 0 && (cache === 'own' || arena === ground.baseline);
  return ground.queries.flatMap((query) =>
    concurrency.flatMap((each) =>
      turned(arenas, round + 1).map((arena) => ({ arena, query, concurrency: each, round, cache, isCounted: isCounted(arena) })),
    ),
  );
}

const turned = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
};
