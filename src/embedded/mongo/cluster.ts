/** A real MongoDB cluster of processes on this machine, for development and tests: config server, shards and a router. */

import { findFreePorts, isPortFree } from '../free-ports.ts';
import { type KeptProcess, keepRunning } from '../keep-running.ts';
import { type MemberRecord, readRecord, takeFolder, writeRecord } from './data-folder.ts';
import { type Guardian, startGuardian } from './guardian.ts';
import { killStale, type MongodProcess, startMongod } from './mongod.ts';
import { movePorts } from './move-ports.ts';
import { planMembers } from './plan-members.ts';
import { initiate, waitForPrimary } from './replica-set.ts';
import { startRouter } from './router-process.ts';
import { addShards, clusterIdOf } from './sharding.ts';

interface MongoClusterOptions {
  /** Path of `mongod`, 6.0 or newer (see `findMongod`). */
  readonly mongod: string;
  /** Path of a real `mongos`, used in place of our router. */
  readonly mongos?: string | undefined;
  readonly dataDir: string;
  /** 0 = one replica set, no router. */
  readonly shards: number;
  /** Members of each shard. */
  readonly members: number;
  /** Cache of each `mongod`, at least 256 (the default). */
  readonly cacheMb?: number | undefined;
  /** Where clients connect (the router, or the first member); default: any free port. */
  readonly port?: number | undefined;
  readonly log?: ((message: string) => void) | undefined;
}

export interface MongoCluster {
  readonly uri: string;
  /** Every process of the cluster: `config`, `shard_0/0`, …, `router`, `guardian`. */
  readonly processes: () => readonly { readonly role: string; readonly pid: number }[];
  /** Makes members fail, for drills. */
  readonly drill: MemberDrill;
  /** Clean shutdown, in order: router, shards, config server. Safe to call twice. */
  stop(): Promise<void>;
}

/** Members of replica sets, named by `host:port`, that fail on purpose and come back. */
export interface MemberDrill {
  /** `SIGKILL`: gone like a machine without power. `SIGSTOP`: there, and silent. @throws Error if no member is there */
  fail(host: string, signal: 'SIGKILL' | 'SIGSTOP'): void;
  restore(host: string): void;
  /** Members that were made to fail and have not been restored. */
  failed(): readonly string[];
}

interface Running {
  readonly guardian: Guardian;
  readonly mongods: Map<string, KeptProcess>;
  /** The same by `host:port`. */
  readonly byHost: Map<string, KeptProcess>;
  router: KeptProcess | undefined;
}

const SMALLEST_CACHE_MB = 256;

/**
 * Starts the cluster that lies in `dataDir`, or makes one there. Cold start about 3 s, warm about 2 s on two idle cores.
 * @throws when a process does not start, the folder is in use, or holds a cluster of another shape
 */
export async function startMongoCluster(options: MongoClusterOptions): Promise<MongoCluster> {
  const release = takeFolder(options.dataDir);
  const running: Running = { guardian: startGuardian(), mongods: new Map(), byHost: new Map(), router: undefined };
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= stopAll(running).finally(release);
    return stopping;
  };
  try {
    const uri = await startAll(options, running);
    return { uri, processes: () => processesOf(running), drill: drillOf(running), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(options: MongoClusterOptions, running: Running): Promise<string> {
  const remembered = readRecord(options.dataDir);
  // Before the ports are looked at: after a crash they are still held for a moment by those who are about to be killed.
  await Promise.all((remembered?.members ?? []).map(({ role }) => killStale(`${options.dataDir}/${role}`)));
  const plan = await planMembers(options, remembered);
  const { members } = plan;
  await movePorts(plan, { binary: options.mongod, dataDir: options.dataDir });
  writeRecord(options.dataDir, { members });
  await Promise.all(members.map((member) => startMember(options, member, running)));
  options.log?.(`${members.length} mongod processes answer`);
  const sets = addressesBySet(members);
  const primaries = new Map<string, string>();
  await Promise.all(
    [...sets].map(async ([set, addresses]) => {
      await initiate(set, addresses, set === 'config');
      primaries.set(set, await waitForPrimary(set, addresses));
    }),
  );
  options.log?.(`${sets.size} replica sets have a primary`);
  const config = primaries.get('config');
  if (config === undefined) return `mongodb://${(sets.get('replica') ?? []).join(',')}/?replicaSet=replica`;
  sets.delete('config');
  await addShards(config, sets);
  const port = await startRouterOf(options, { address: config, clusterId: await clusterIdOf(config) }, running);
  options.log?.(`the router answers on port ${port}`);
  return `mongodb://127.0.0.1:${port}/`;
}

async function startMember(options: MongoClusterOptions, member: MemberRecord, running: Running): Promise<void> {
  const start = () => startMongodOf(options, member, running.guardian);
  // Kept from its first moment on, so that a start that fails half-way stops it too.
  const mongod = await start();
  const kept = keepRunning(mongod, { start, name: member.role, log: options.log ?? ignore });
  running.mongods.set(member.role, kept);
  running.byHost.set(mongod.address, kept);
  await mongod.ready();
}

async function startMongodOf(
  options: MongoClusterOptions,
  { role, set, kind, port }: MemberRecord,
  guardian: Guardian,
): Promise<MongodProcess> {
  const dbPath = `${options.dataDir}/${role}`;
  const mongod = await startMongod({
    binary: options.mongod,
    dbPath,
    port,
    set,
    kind,
    cacheGB: (options.cacheMb ?? SMALLEST_CACHE_MB) / 1024,
  });
  guardian.watch(mongod.pid, `--dbpath ${dbPath}`);
  return mongod;
}

function ignore(): void {}

function addressesBySet(members: readonly MemberRecord[]): Map<string, string[]> {
  const sets = new Map<string, string[]>();
  for (const { set, port } of members) sets.set(set, [...(sets.get(set) ?? []), `127.0.0.1:${port}`]);
  return sets;
}

async function startRouterOf(
  options: MongoClusterOptions,
  config: { readonly address: string; readonly clusterId: string },
  running: Running,
): Promise<number> {
  const { mongos, dataDir } = options;
  const port = options.port ?? (await findFreePorts(1))[0] ?? 0;
  if (!(await isPortFree(port))) throw new Error(`port ${port} of the router is taken`);
  const start = async () => {
    const router = startRouter({ mongos, port, configAddress: config.address, clusterId: config.clusterId, dataDir });
    running.guardian.watch(router.pid, router.mark);
    return router;
  };
  const router = await start();
  running.router = keepRunning(router, { start, name: 'router', log: options.log ?? ignore });
  await router.ready();
  return port;
}

function drillOf({ byHost }: Running): MemberDrill {
  const failed = new Set<string>();
  const memberAt = (host: string) => {
    const member = byHost.get(host);
    if (!member) throw new Error(`no member of this cluster is at ${host}`);
    return member;
  };
  return {
    fail(host, signal) {
      memberAt(host).hold(signal);
      failed.add(host);
    },
    restore(host) {
      memberAt(host).release();
      failed.delete(host);
    },
    failed: () => [...failed].sort(),
  };
}

function processesOf({ guardian, mongods, router }: Running): { role: string; pid: number }[] {
  return [
    ...[...mongods].map(([role, { pid }]) => ({ role, pid })),
    ...(router ? [{ role: 'router', pid: router.pid }] : []),
    { role: 'guardian', pid: guardian.pid },
  ];
}

async function stopAll({ guardian, mongods, router }: Running): Promise<void> {
  await router?.stop();
  const config = mongods.get('config');
  await Promise.all([...mongods.values()].filter((mongod) => mongod !== config).map((mongod) => mongod.stop()));
  await config?.stop();
  await guardian.dismiss();
}
