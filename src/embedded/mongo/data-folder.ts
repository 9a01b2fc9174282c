/** The data folder of a cluster: who uses it, and which ports its members had. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { commandLineOf, startTimeOf } from './processes.ts';

/** One `mongod` of a cluster as it is remembered over restarts. */
export interface MemberRecord {
  /** `config`, `shard_0/0`, …: also its folder. */
  readonly role: string;
  readonly set: string;
  readonly kind: 'config' | 'shard' | 'plain';
  readonly port: number;
}

export interface ClusterRecord {
  readonly members: readonly MemberRecord[];
}

interface Owner {
  readonly pid: number;
  readonly startTime: string;
}

/**
 * Takes the folder for this process. The lock names a process and its start time, so that a crash needs no cleaning up.
 * @throws if another living process has it
 */
export function takeFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const path = `${dataDir}/owner.json`;
  const owner = readJson<Owner>(path);
  if (owner && commandLineOf(owner.pid) !== '' && startTimeOf(owner.pid) === owner.startTime) {
    throw new Error(
      `the data folder ${dataDir} is in use by process ${owner.pid}: stop that one first, or choose another folder with --data-dir`,
    );
  }
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }));
  return () => rmSync(path, { force: true });
}

export function readRecord(dataDir: string): ClusterRecord | undefined {
  return readJson<ClusterRecord>(`${dataDir}/cluster.json`);
}

export function writeRecord(dataDir: string, record: ClusterRecord): void {
  writeFileSync(`${dataDir}/cluster.json`, `${JSON.stringify(record, undefined, 2)}\n`);
}

function readJson<Shape>(path: string): Shape | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Shape;
  } catch {
    return undefined;
  }
}
