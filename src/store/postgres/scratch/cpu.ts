/** Processor time of a PostgreSQL server on this machine, from /proc: its own views don't tell. */
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';

/** Clock ticks a second that Linux shows to programs. */
const TICKS = 100;

/**
 * Milliseconds of all processes of the server together: those that live, and those that ended, which the postmaster counts.
 * Undefined for a server elsewhere, and where there is no /proc.
 */
export async function serverCpuMs(pool: Pool): Promise<number | undefined> {
  try {
    const { rows } = await pool.query<{ pid: number; own: boolean; is_local: boolean }>(
      `SELECT pid, pid = pg_backend_pid() AS own, coalesce(inet_server_addr() << '127.0.0.0/8', true) AS is_local FROM pg_stat_activity`,
    );
    const mine = rows.find(({ own }) => own);
    if (!mine?.is_local) return undefined;
    const postmaster = await statOf((await statOf(mine.pid)).parent);
    const others = await Promise.all(rows.map(({ pid }) => statOf(pid).catch(() => undefined)));
    const ticks = others.reduce((sum, stat) => sum + (stat?.own ?? 0), postmaster.own + postmaster.ofEnded);
    return (1000 * ticks) / TICKS;
  } catch {
    return undefined;
  }
}

interface ProcessStat {
  readonly parent: number;
  /** Ticks of the process itself. */
  readonly own: number;
  /** Ticks of its children that have ended. */
  readonly ofEnded: number;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html @throws when there is no such process, or it is not PostgreSQL's */
async function statOf(pid: number): Promise<ProcessStat> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const nameEnd = text.lastIndexOf(')');
  if (!text.slice(0, nameEnd).includes('(postgres')) throw new Error(`process ${pid} is not PostgreSQL's`);
  // From field 3, the state, on.
  const fields = text.slice(nameEnd + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), own: field(14) + field(15), ofEnded: field(16) + field(17) };
}
