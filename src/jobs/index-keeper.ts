/**
 * Keeps the index in step with the SearchParameter resources: reads them every two seconds, so that a change through any gateway
 * is learnt; announces what this gateway writes entries for; and carries out the runs that make the entries of what is
 * stored, one at a time over all gateways.
 *
 * A parameter's run starts when all gateways have announced it: from then on every write has its entries, and the run
 * gives them to everything older. See docs/decisions/006.
 */
import { type Rounds, startRounds } from '../lifecycle/rounds.ts';
import { createTurns } from '../lifecycle/turns.ts';
import type { LiveSearch, UsedParameter } from '../search/parameters/live-search.ts';
import type { OwnParameterRules } from '../search/parameters/own-parameter.ts';
import { percentOf, type ReindexJob, type ReindexJobs } from '../store/reindex.ts';
import type { ResourceStore } from '../store/store.ts';
import { createLeasedWork } from './leased-work.ts';
import { createOwnParameters, type Own } from './own-parameters.ts';
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

export function createIndexKeeper(options: IndexKeeperOptions): IndexKeeper {
  const { resources, live, jobs, log, now, holder, configured = [] } = options;
  const parameters = createOwnParameters(options);
  const turns = createTurns();
  let rounds: Rounds | undefined;
  let looks = 0;
  let seen = '';
  let own: readonly Own[] = [];

  /** The configured ones, and the registered ones that the settings let be. */
  const indexed = () => [...configured, ...own.filter(({ refused }) => refused === undefined)];

  async function readAnew(): Promise<void> {
    // In this order: what a run is for was there before the run.
    const runs = await jobs.list();
    seen = await parameters.signature();
    own = await parameters.read(own);
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

  const addRun = ({ name, types }: Own) => jobs.add({ id: `parameter-${name.replace('/', '-')}`, covers: name, types, startedAt: now() });

  async function look(): Promise<void> {
    if (looks++ % LOOK_CLOSER_EVERY === 0 || (await parameters.signature()) !== seen) return readAnew();
    return bringInLine();
  }

  const work = createLeasedWork<ReindexJob>({
    jobs,
    holder,
    async carryOn(job, isStopping) {
      const count = (types: readonly string[]) => resources.estimate({ types, where: { kind: 'everything' } });
      const done = await runReindex(job, { ...options, indexer: live.indexer, count, isStopping });
      if (!done) return;
      await options.onDone?.(done);
      log('the index has been made anew', { job: job.id });
      await turns.take(bringInLine);
    },
    onInterrupted: (job, error) => log('making the index anew was interrupted; it is tried again', { job: job.id, error }),
  });

  /** At the runs, one after the other, unless that is being done; begun once the keeper has been started. */
  function beginWork(): void {
    if (rounds) work.begin(workOnce, (error) => log('looking for runs over the index failed', { error }));
  }

  async function workOnce(): Promise<void> {
    for (const { id, covers, awaits = covers, completedAt } of await jobs.list()) {
      if (work.isStopping() || completedAt !== undefined) continue;
      if (awaits === undefined || (await options.allKnow(awaits))) await work.take(id);
    }
  }

  return {
    refresh: () => turns.take(readAnew),
    registered: () => own,
    jobs,
    start() {
      const problem = (error: unknown) => log('the search parameters could not be read', { error });
      rounds = startRounds(() => turns.take(look), { everyMs: LOOK_EVERY_MS, problem });
    },
    async stop() {
      const stopped = work.stop();
      await rounds?.stop();
      await Promise.all([stopped, turns.idle()]);
    },
  };
}

/** Percent of what the parameter's run has done; undefined where its entries are complete. */
function coverageOf({ name, isCovered }: Own, known: readonly ReindexJob[]): number | undefined {
  const run = known.find(({ covers }) => covers === name);
  if (isCovered || run?.completedAt !== undefined) return undefined;
  return run ? percentOf(run) : 0;
}
