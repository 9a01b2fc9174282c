/** Who answers at an address. */
import { runOnce } from '../router/shards/command-client.ts';

/**
 * Resolves if it is this process. Between the look for a free port and its use another program may have taken it, and one of
 * another cluster gives the very same answers to `hello`.
 * @throws if nobody answers within 2 s, or somebody else does
 */
export async function expectProcess(address: string, pid: number | undefined): Promise<void> {
  const status = await runOnce(address, 'admin', { serverStatus: 1, ...WITHOUT }, 2_000);
  if (Number(status.pid) !== pid) throw new Error(`process ${status.pid} answers at ${address}, not ${pid}`);
}

/** Sections that cost something and tell nothing here. */
const WITHOUT = { wiredTiger: 0, metrics: 0, tcmalloc: 0, locks: 0 };
