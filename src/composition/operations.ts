/** Which `$` operations there are. */
import type { Decide } from '../access/decision.ts';
import type { Privacy } from '../access/privacy.ts';
import type { TokenVerifier } from '../access/tokens.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { ErasureKeeper } from '../jobs/erasure-keeper.ts';
import type { IndexKeeper } from '../jobs/index-keeper.ts';
import { createAccessExplainOperation } from '../operations/access-explain.ts';
import { aggregate } from '../operations/aggregate.ts';
import { createBenchmarkOperation } from '../operations/benchmark.ts';
import { createBenchmarkStatusOperation } from '../operations/benchmark-status.ts';
import { createDeidentifyOperation } from '../operations/de-identify.ts';
import { encounterEverything, patientEverything } from '../operations/everything.ts';
import { explain } from '../operations/explain.ts';
import { createExpungeOperation } from '../operations/expunge.ts';
import { createExpungeStatusOperation } from '../operations/expunge-status.ts';
import { observationLastn } from '../operations/observation-lastn.ts';
import type { Operation } from '../operations/operation.ts';
import { createRecordShardOperation } from '../operations/record-shard.ts';
import { createReindexOperation } from '../operations/reindex.ts';
import { createReindexStatusOperation } from '../operations/reindex-status.ts';
import { createReplicaOperation } from '../operations/replica.ts';
import { createShardOperation } from '../operations/shard.ts';
import { validate } from '../operations/validate.ts';
import type { RecentShapes } from '../store/layers/recent-shapes.ts';
import type { RecordDirectory } from '../store/record-keys.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { OpenAdministration } from './administration.ts';

interface ResourceOperationParts {
  readonly definitions: Definitions;
  readonly decide: Decide;
  readonly restrictionsWith: Privacy['restrictionsWith'];
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  /** The key of the pseudonyms of `$de-identify`. */
  readonly deidentificationKey: Uint8Array;
  readonly erasures: ErasureKeeper;
  readonly reindexing: IndexKeeper;
  /** The form of texts in which identifiers are encrypted, if they are. */
  readonly textForm: string | undefined;
}

/** Those on resources, whatever stores hold them. */
export function resourceOperations(parts: ResourceOperationParts): Operation[] {
  const { definitions, decide, restrictionsWith, verifier, erasures, reindexing } = parts;
  return [
    validate,
    patientEverything,
    encounterEverything,
    observationLastn,
    aggregate,
    explain,
    createAccessExplainOperation({
      decide: async (principal, glass) => decide(principal, await restrictionsWith(principal, glass)),
      verify: (token) => verifier.verify(token),
    }),
    createDeidentifyOperation(definitions, parts.deidentificationKey),
    createExpungeOperation({ ...erasures.services, refresh: erasures.refresh }),
    createExpungeStatusOperation(erasures.jobs),
    createReindexOperation(reindexing.jobs, parts.textForm),
    createReindexStatusOperation(reindexing.jobs),
  ];
}

/** Those on the engines. */
export function engineOperations(
  { engines, bench, prover }: OpenAdministration,
  shapes: RecentShapes,
  records: RecordDirectory,
  log: Logger,
): Operation[] {
  const warn = (message: string, detail: object) => log.warn(message, detail);
  return [
    createShardOperation(engines, warn, shapes.list),
    createRecordShardOperation(engines, records),
    createReplicaOperation(engines, warn, prover),
    createBenchmarkOperation(engines, bench),
    createBenchmarkStatusOperation(bench),
  ];
}
