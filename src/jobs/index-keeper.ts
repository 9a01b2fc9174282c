/**
 * Keeps the index in step with the SearchParameter resources: reads them every two seconds, so that a change through any gateway
 * is learnt; announces what this gateway writes entries for; and carries out the runs that make the entries of what is
 * stored, one at a time over all gateways.
 *
 * A parameter's run starts when all gateways have announced it: from then on every write has its entries, and the run
 * gives them to everything older. See docs/decisions.
 */
import { type Rounds, startRounds } from '../lifecycle/rounds.ts';
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
import { percentOf, type ReindexJob, type ReindexJobs } from '../store/reindex.ts';
import type { ResourceStore } from '../store/store.ts';
import { type ReindexServices, runReindex } from './run-reindex.ts';

interface IndexKeeperOptions extends Omit<ReindexServices, 'isStopping' | 'indexer' | 'count'> {
  readonly resources: ResourceStore;
  readonly live: LiveSearch;
  readonly rules: OwnParameterRules;
  /** Parameters that this gateway's settings add to the registered ones. */
  readonly configured?: readonly Own[];
  readonly announce: (names: readonly string[]) => void;
  readonly allKnow: (name: string) => Promise<boolean>;
  /** Called when a run has come to its end, before that is told. */
  readonly onDone?: (job: ReindexJob) => Promise<void>;
  readonly log: (message: string, detail: object) => void;
}

export interface IndexKeeper {
  /** Reads the parameters; to be called before the first write, and whenever this gateway has written one. */
  refresh(): Promise<void>;
  /** What is registered, as far as this gateway knows. */
  registered(): readonly Own[];
  readonly jobs: ReindexJobs;
  /** Looks for changes and for work until it is stopped. */
  start(): void;
  /** Ends at the next page; what is left is taken up later, by whomever. */
  stop(): Promise<void>;
}

/** Others' changes may be learnt late: a run waits until every gateway has announced its parameter. */
const LOOK_EVERY_MS = 2_000;
/** Every so many looks the parameters are read, whatever the look tells. */
const LOOK_CLOSER_EVERY = 15;
/** Own parameters at most: each one costs every write of its types. */
export const MOST_OWN_PARAMETERS = 100;
const MOST_READ = 5_000;

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

/** True if both would answer one name on one type. */
export const isTwin = (a: Pick<Own, 'definition' | 'types'>, b: Pick<Own, 'definition' | 'types'>) =>
  a.definition.code === b.definition.code && a.types.some((type) => b.types.includes(type));

export function createIndexKeeper(options: IndexKeeperOptions): IndexKeeper {
  const { resources, live, rules, jobs, log, now, holder, configured = [] } = options;
  let isStopping = false;
  let rounds: Rounds | undefined;
  let working: Promise<void> | undefined;
  let refreshing: Promise<void> | undefined;

  /** The registered ones, and with the configured ones all that are indexed. */
  let own: readonly Own[] = [];
  const indexed = () => [...configured, ...own.filter(({ refused }) => refused === undefined)];
  let seen = '';
  let looks = 0;

  async function refreshOnce(): Promise<void> {
    // In this order: what a run is for was there before the run.
    const runs = await jobs.list();
    seen = await signature();
    own = await readOwn();
    const orphans = runs.filter(({ covers }) => covers !== undefined && !indexed().some(({ name }) => name === covers));
    await Promise.all(orphans.map(({ id }) => jobs.remove(id)));
    await bringInLine();
  }

  /** The parameters and what is known of their runs, to those who index and search. */
  async function bringInLine(): Promise<void> {
    const known = await jobs.list();
    if (known.some(({ completedAt }) => completedAt === undefined)) beginWork();
    live.use([...configured, ...own].map((each): UsedParameter => ({ ...each, coverage: coverageOf(each, known) })));
    options.announce(indexed().map(({ name }) => name));
    const missing = indexed().filter((each) => !each.isCovered && !known.some(({ covers }) => covers === each.name));
    await Promise.all(missing.map(addRun));
  }

  /** One at a time; whoever asks meanwhile waits for one that begins after. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const before = refreshing ?? Promise.resolve();
    const next = before.catch(() => undefined).then(work);
    refreshing = next;
    return next;
  }

  /** Tells cheaply that something was written, but for a write that was overtaken by a younger one. */
  async function signature(): Promise<string> {
    const all = { types: ['SearchParameter'], where: { kind: 'everything' } } as const;
    const newest = [
      { parameter: '_lastUpdated', descending: true },
      { parameter: '_identity', descending: false },
    ];
    const [count, [last]] = await Promise.all([resources.count(all), resources.search({ ...all, sort: newest, limit: 1 })]);
    return `${count} ${last?.resource.at} ${last?.resource.id}`;
  }

  async function look(): Promise<void> {
    if (looks++ % LOOK_CLOSER_EVERY === 0 || (await signature()) !== seen) return refreshOnce();
    return bringInLine();
  }

  async function readOwn(): Promise<Own[]> {
    const sort = [{ parameter: '_identity', descending: false }];
    const found = await resources.search({ types: ['SearchParameter'], where: { kind: 'everything' }, sort, limit: MOST_READ });
    const next: Own[] = [];
    for (const { resource } of found) {
      const name = `${resource.id}/${resource.version}`;
      const one = own.find((each) => each.name === name) ?? ownOf(name, resource);
      // Refused when it was written, unless another gateway was given its twin at the same time: the first by identity wins.
      if (one && next.length < MOST_OWN_PARAMETERS && !next.some((each) => isTwin(each, one))) next.push(one);
    }
    return next;
  }

  function ownOf(name: string, { id, raw }: ResourceVersion): Own | undefined {
    const tree = JSON.parse(raw) as object;
    if (!isRegistered(tree, rules) || problemsOf(tree, { ...rules, hidden: undefined }).length > 0) return undefined;
    const definition = definitionOf(tree);
    const types = typesOf(definition, rules.definitions);
    const [hidden] = hiddenProblems(tree, rules);
    if (hidden) log('a search parameter is not used any more', { id, reason: hidden.diagnostics });
    return { name, id, definition, types, isCovered: live.isCovered(definition, types), ...(hidden && { refused: hidden.diagnostics }) };
  }

  function coverageOf({ name, isCovered }: Own, known: readonly ReindexJob[]): number | undefined {
    const run = known.find(({ covers }) => covers === name);
    if (isCovered || run?.completedAt !== undefined) return undefined;
    return run ? percentOf(run) : 0;
  }

  const addRun = ({ name, types }: Own) => jobs.add({ id: `parameter-${name.replace('/', '-')}`, covers: name, types, startedAt: now() });

  /** At the runs, one after the other, unless that is being done; begun once the keeper has been started. */
  function beginWork(): void {
    if (!rounds || isStopping) return;
    working ??= workOnce()
      .catch((error: unknown) => log('looking for runs over the index failed', { error }))
      .finally(() => {
        working = undefined;
      });
  }

  async function workOnce(): Promise<void> {
    for (const { id, covers, awaits = covers, completedAt } of await jobs.list()) {
      if (isStopping || completedAt !== undefined) continue;
      if (awaits !== undefined && !(await options.allKnow(awaits))) continue;
      const job = await jobs.take(id, holder);
      if (job) await carryOn(job);
    }
  }

  async function carryOn(job: ReindexJob): Promise<void> {
    const count = (types: readonly string[]) => resources.estimate({ types, where: { kind: 'everything' } });
    try {
      const done = await runReindex(job, { ...options, indexer: live.indexer, count, isStopping: () => isStopping });
      if (done) await options.onDone?.(done);
      if (done) log('the index has been made anew', { job: job.id });
      if (done) await inTurn(bringInLine);
    } catch (error) {
      log('making the index anew was interrupted; it is tried again', { job: job.id, error });
    } finally {
      await jobs.release(job.id, holder).catch(() => undefined);
    }
  }

  return {
    refresh: () => inTurn(refreshOnce),
    registered: () => own,
    jobs,
    start() {
      const problem = (error: unknown) => log('the search parameters could not be read', { error });
      rounds = startRounds(() => inTurn(look), { everyMs: LOOK_EVERY_MS, problem });
    },
    async stop() {
      isStopping = true;
      await rounds?.stop();
      await Promise.all([working, refreshing?.catch(() => undefined)]);
    },
  };
}
