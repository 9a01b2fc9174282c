/** CPU time and memory of processes and all their descendants, by role, from Linux's /proc. @see proc(5) */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export const ROLES = ['gateway', 'router', 'shards', 'config', 'postgres', 'other'] as const;
export type Role = (typeof ROLES)[number];
/** Milliseconds of CPU (user + system). */
export type CpuByRole = Readonly<Record<Role, number>>;

interface ProcessFacts {
  readonly pid: number;
  readonly role: Role;
  readonly command: string;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Own time and that of ended children, in clock ticks. */
  readonly ticks: number;
}

/** Milliseconds in one clock tick of /proc. */
const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * The first of `roots` is the gateway; others are named where its engines are not its descendants. A process that ends hands
 * its time to its parent, so nothing is lost between two samples.
 */
export function sampleCpu(...roots: readonly number[]): CpuByRole {
  const sums: Record<Role, number> = { gateway: 0, router: 0, shards: 0, config: 0, postgres: 0, other: 0 };
  for (const stat of descendants(roots)) sums[roleOf(stat.pid, roots[0])] += stat.ticks * TICK_MS;
  return sums;
}

export function cpuBetween(before: CpuByRole, after: CpuByRole): CpuByRole {
  return Object.fromEntries(ROLES.map((role) => [role, after[role] - before[role]])) as Record<Role, number>;
}

export const totalCpu = (cpu: CpuByRole): number => ROLES.reduce((sum, role) => sum + cpu[role], 0);

/** The process and its descendants, as they are now. */
export function listProcesses(root: number): ProcessFacts[] {
  return [...descendants([root])].map(({ pid }) => ({ pid, role: roleOf(pid, root), command: commandOf(pid).join(' ') }));
}

/** CPU of the whole machine since it started: user, nice, system, interrupts. Milliseconds. */
export function machineCpuMs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? '')
    .replace(/^cpu +/, '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) * TICK_MS;
}

/** Resident memory of one process in MiB. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kb ?? 0) / 1024);
}

/** The roots that are alive and everything below them, each once. */
function descendants(roots: readonly number[]): Set<Stat> {
  const children = new Map<number, Stat[]>();
  const found = new Set<Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (!stat) continue;
    if (roots.includes(stat.pid)) found.add(stat);
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat]);
  }
  // A set that grows while it is gone through is gone through to its new end.
  for (const { pid } of found) for (const child of children.get(pid) ?? []) found.add(child);
  return found;
}

/** Undefined if the process has just ended. */
function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name, in brackets, may hold spaces and brackets.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [fields[1], fields[11], fields[12], fields[13], fields[14]];
  return { pid, parent, ticks: user + system + childUser + childSystem };
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function roleOf(pid: number, gateway: number | undefined): Role {
  if (pid === gateway) return 'gateway';
  const command = commandOf(pid).join(' ');
  if (/\bmongos\b|router\/main\.ts/.test(command)) return 'router';
  if (/\bmongod\b/.test(command)) return command.includes('--configsvr') ? 'config' : 'shards';
  if (/postgres/.test(command)) return 'postgres';
  return 'other';
}
