/** Both engines of the embedded mode, as one thing to start and stop. */
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import { type MemberDrill, startMongoCluster } from './mongo/cluster.ts';
import { findMongod, findMongos } from './mongo/find-mongod.ts';
import { startPostgres } from './postgres.ts';

export interface Engines {
  /** Connection string of the router, or of the one replica set; its path names the gateway's database. */
  readonly mongodbUri: string;
  readonly databaseUrl: string;
  /** Every process that was started, with its role: `shard_0/0`, `router`, `postgres`, … */
  processes(): readonly { readonly role: string; readonly pid: number }[];
  /** Makes members of the MongoDB cluster fail, for drills. */
  readonly drill: MemberDrill;
  /** Stops both engines cleanly. Safe to call twice. */
  stop(): Promise<void>;
}

interface Engine {
  processes(): readonly { readonly role: string; readonly pid: number }[];
  stop(): Promise<void>;
}

/**
 * Starts MongoDB and PostgreSQL side by side in `config.dataDir`.
 * @param say gets a line of progress now and then
 * @throws Error in one line, with nothing left running
 */
export async function startEngines(config: Config, say: (line: string) => void): Promise<Engines> {
  const [mongo, postgres] = await bothOrNone(startMongo(config, say), startPostgresIn(config, say));
  return {
    mongodbUri: mongo.uri.replace(/\/(?=$|\?)/, '/meridian'),
    databaseUrl: postgres.url,
    processes: () => [...mongo.processes(), ...postgres.processes()],
    drill: mongo.drill,
    stop: async () => {
      await Promise.all([mongo.stop(), postgres.stop()]);
    },
  };
}

async function startMongo(config: Config, say: (line: string) => void) {
  const mongod = await findMongod({ binary: config.mongodBinary, log: say });
  return startMongoCluster({
    mongod,
    mongos: await findMongos({ binary: config.mongosBinary, mongod }),
    dataDir: join(config.dataDir, 'mongo'),
    shards: config.shards,
    members: config.members,
    cacheMb: config.wiredTigerCacheMb,
    log: (line) => say(`MongoDB: ${line}`),
  });
}

async function startPostgresIn(config: Config, say: (line: string) => void) {
  const postgres = await startPostgres({ dataDir: join(config.dataDir, 'postgres'), log: (line) => say(`PostgreSQL: ${line}`) });
  say('PostgreSQL: ready');
  return postgres;
}

/** When one fails to start, the other is stopped before the failure is told. */
async function bothOrNone<A extends Engine, B extends Engine>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value];
  for (const outcome of [one, other]) if (outcome.status === 'fulfilled') await outcome.value.stop();
  throw one.status === 'rejected' ? one.reason : other.status === 'rejected' ? other.reason : undefined;
}
