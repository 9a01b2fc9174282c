/** The gateway's own two-phase commit on scratch databases, where it may be given up half-way. */
import type { Config } from '../config/options.ts';
import type { CommitGround, CrashStep } from '../store/benchmark/scratch.ts';
import { isAdministrativeUnitType, keysOf, unitOf } from '../store/benchmark/scratch-units.ts';
import { migrateMongo } from '../store/mongo/migrate.ts';
import { createMongoStore } from '../store/mongo/mongo-store.ts';
import { NAME_PREFIX } from '../store/placement/commit-name.ts';
import { recoverOnce } from '../store/placement/recovery.ts';
import { createTwoPhaseCommit } from '../store/placement/two-phase.ts';
import { createPostgresStore } from '../store/postgres/postgres-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Stores } from './stores.ts';

/** The databases have the names that the benchmarks' sweep looks for, should the gateway end before it has dropped them. */
export async function openCommitGround(
  config: Config,
  gateway: Stores,
  run: string,
  newUlid: () => string,
  log: Logger,
): Promise<CommitGround> {
  const databaseName = `${gateway.clinical.collections.databaseName}_benchmark_${run}`;
  const database = await gateway.administrative.administration.openScratchDatabase(run);
  const clinical = await createMongoStore({
    uri: onDatabase(config.mongodbUri ?? '', databaseName),
    types: ['Patient', 'Observation'],
    isOwnerType: (type) => type === 'Patient',
  });
  const administrative = createPostgresStore({ url: database.url });
  const stores = { clinical, administrative };
  const { client } = clinical.collections;
  await Promise.all([migrateMongo(client, databaseName), administrative.migrate()]);
  const alive = createTwoPhaseCommit({ ...stores, gatewayId: 'benchmark', newUlid });

  /** A commit that stops at the step and never goes on: what it holds stays held, as after a kill. */
  async function giveUp(n: number, at: CrashStep): Promise<void> {
    const { promise: isThere, resolve: arrive } = Promise.withResolvers<void>();
    const onStep = (step: CrashStep) => {
      if (step !== at) return;
      arrive();
      return new Promise<void>(() => undefined);
    };
    const doomed = createTwoPhaseCommit({ ...stores, gatewayId: `doomed.${n}`, newUlid, onStep });
    const { clinicalUnit, administrativeUnit } = unitOf(n);
    await Promise.race([isThere, doomed.commit(clinicalUnit, administrativeUnit)]);
  }

  return {
    unitSize: keysOf(0).length,
    async commit(n, giveUpAt) {
      const { clinicalUnit, administrativeUnit } = unitOf(n);
      try {
        if (giveUpAt) await giveUp(n, giveUpAt);
        else await alive.commit(clinicalUnit, administrativeUnit);
        return giveUpAt ? 'given up' : 'acknowledged';
      } catch (error) {
        log.debug('a commit of the benchmark was refused', { error });
        return 'refused';
      }
    },
    recover: () => recoverOnce({ ...stores, gatewayId: 'judge', underWay: new Set(), goneAmong: async (ids) => ids, log: () => undefined }),
    async presentOf(n) {
      const reads = keysOf(n).map((key) => (isAdministrativeUnitType(key.type) ? administrative : clinical).read(key));
      return (await Promise.all(reads)).filter((version) => version !== undefined).length;
    },
    countPrepared: async () => (await administrative.listPrepared(NAME_PREFIX)).length,
    async drop() {
      await client.db(databaseName).dropDatabase();
      await Promise.all([clinical.close(), administrative.close()]);
      await database.drop();
    },
  };
}

/** `mongodb://host/meridian?x=y` → `mongodb://host/<name>?x=y` */
function onDatabase(uri: string, name: string): string {
  return uri.replace(/^([a-z+]+:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/${name}`);
}
