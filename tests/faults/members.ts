/** The members of an embedded cluster: who is primary by `$replica`, and which process that is. */
import { globSync, readFileSync } from 'node:fs';
import type { GatewayProcess } from '../support/gateway-process.ts';

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly valueInteger?: number;
  readonly part?: readonly Part[];
}

export interface SetOfMembers {
  readonly name: string;
  /** Rises with each election. */
  readonly term: number;
  /** `host:port`; undefined while there is none. */
  readonly primary: string | undefined;
  /** How many members are primary or secondary. */
  readonly ableMembers: number;
}

const partIn = (parts: readonly Part[] | undefined, name: string) => parts?.find((part) => part.name === name);

/** Every shard, as `$replica` tells. @throws Error if it does not answer */
export async function describeSets(gateway: GatewayProcess): Promise<readonly SetOfMembers[]> {
  const { status, json, text } = await gateway.ask('GET', '$replica');
  if (status !== 200) throw new Error(`$replica answers ${status}: ${text}`);
  const sets = (json.parameter as Part[]).filter(
    ({ name, part }) => name === 'replicaSet' && partIn(part, 'engine')?.valueString === 'MongoDB',
  );
  return sets.map(({ part = [] }) => setOf(part));
}

function setOf(parts: readonly Part[]): SetOfMembers {
  const members = parts.filter(({ name }) => name === 'member').map(({ part }) => part);
  const stateOf = (member: readonly Part[] | undefined) => partIn(member, 'state')?.valueString ?? '';
  const primary = members.find((member) => stateOf(member) === 'PRIMARY');
  return {
    name: partIn(parts, 'name')?.valueString ?? '',
    term: partIn(parts, 'term')?.valueInteger ?? 0,
    primary: partIn(primary, 'host')?.valueString,
    ableMembers: members.filter((member) => ['PRIMARY', 'SECONDARY'].includes(stateOf(member))).length,
  };
}

/** The process of the `mongod` in `dataDir` that listens at `host:port`. @throws Error if there is none */
export function processAt(host: string, dataDir: string): number {
  const port = host.slice(host.indexOf(':') + 1);
  for (const path of globSync('/proc/[0-9]*/cmdline')) {
    const words = wordsOf(path);
    const isInFolder = words[words.indexOf('--dbpath') + 1]?.startsWith(`${dataDir}/`);
    if (isInFolder && words[words.indexOf('--port') + 1] === port) return Number(path.split('/')[2]);
  }
  throw new Error(`no mongod of ${dataDir} listens at ${host}`);
}

function wordsOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0');
  } catch {
    return [];
  }
}
