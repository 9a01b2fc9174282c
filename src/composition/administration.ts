/** What `$shard`, `$replica` and `$benchmark` work on. */
import type { Config } from '../config/options.ts';
import { createJobs } from '../jobs/jobs.ts';
import { type BenchmarkBench, openBench } from '../operations/benchmark/bench.ts';
import type { BenchmarkReport } from '../operations/benchmark/report.ts';
import type { Prover } from '../operations/replica/prove.ts';
import type { Administration, MemberDrill } from '../store/administration.ts';
import { createBenchmarkRuns } from '../store/mongo/gateways/benchmark-runs.ts';
import type { Renewal } from '../store/reindex.ts';
import type { Logger } from '../telemetry/logger.ts';
import { openCommitGround } from './commit-ground.ts';
import { openProver } from './prover.ts';
import type { Stores } from './stores.ts';

const BENCHMARKS_REMEMBERED = 20;

/** The engines as their administrators see them, with what measures and proves them. */
export interface OpenAdministration {
  readonly engines: Administration;
  readonly bench: BenchmarkBench;
  readonly prover: Prover;
  /** Ends runs under way. */
  close(): Promise<void>;
}

/** Years that come back from an archive are brought into today's form on the way. */
export function restoringWith(administration: OpenAdministration, renewal: Renewal | undefined): OpenAdministration {
  const { engines } = administration;
  const { restorePartition } = engines.administrative;
  const administrative = {
    ...engines.administrative,
    restorePartition: (type: string, year: number) => restorePartition(type, year, renewal),
  };
  return renewal ? { ...administration, engines: { ...engines, administrative } } : administration;
}

/** @param holder names this gateway among those that may run the one benchmark */
export async function openAdministration(
  config: Config,
  stores: Stores,
  holder: string,
  newUlid: () => string,
  log: Logger,
  drill: MemberDrill | undefined,
): Promise<OpenAdministration> {
  const { clinical, administrative } = stores;
  const engines: Administration = {
    clinical: clinical.administration,
    administrative: administrative.administration,
    drill,
    openCommitGround: (run) => openCommitGround(config, stores, run, newUlid, log),
  };
  const bench = openBench({
    jobs: createJobs<BenchmarkReport>({
      newId: newUlid,
      remember: BENCHMARKS_REMEMBERED,
      log: (message, error) => log.error(message, { error }),
    }),
    runs: createBenchmarkRuns(clinical.collections, Date.now),
    administration: engines,
    now: Date.now,
    holder,
    log: (message, error) => log.warn(message, { error }),
  });
  const prover = await openProver(config, stores, newUlid, log);
  return {
    engines,
    bench,
    prover,
    async close() {
      await Promise.all([bench.close(), prover.close()]);
    },
  };
}
