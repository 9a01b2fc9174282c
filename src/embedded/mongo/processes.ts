/** What Linux tells about processes; all of it from /proc. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The command line with spaces between its words; empty for a process that is gone (or a zombie). */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** When the process started, in clock ticks since boot: with the id it names one process for good. Undefined if gone. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields are counted after the name, which may itself hold spaces and brackets; 22 is the start time.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Kills a process whose command line holds `mark`, and waits until it is gone. Gives false if there is none such. */
export async function killMarked(pid: number, mark: string): Promise<boolean> {
  if (!commandLineOf(pid).includes(mark)) return false;
  process.kill(pid, 'SIGKILL');
  for (let waitedMs = 0; commandLineOf(pid).includes(mark) && waitedMs < 5_000; waitedMs += 20) await sleep(20);
  return true;
}
