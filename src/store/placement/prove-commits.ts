/**
 * The ledger against both stores: of every commit over both that it remembers, all writes must be where they belong. A commit
 * that is decided and whose second half is not visible yet is being finished, not broken.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokenCommit, LedgerCommit, LedgerProof } from '../proof/proof.ts';
import { NAME_PREFIX } from './commit-name.ts';
import type { DecidingStore, PreparingStore } from './participants.ts';
import { storeOf } from './placement.ts';

interface ProvenStores {
  readonly clinical: Pick<DecidingStore, 'listCommits' | 'missingAmong'>;
  readonly administrative: Pick<PreparingStore, 'listPrepared' | 'missingAmong'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const MOST_BROKEN = 100;
/** What is missing is looked for again after this long: a commit may have been on its way. */
const LOOK_AGAIN_MS = 1_500;
/** Names asked for at once. */
const MOST_NAMES = 5_000;

/** Reads the ledger's last seven days; older markers are swept. */
export async function proveCommits(stores: ProvenStores): Promise<LedgerProof> {
  const counts = { whole: 0, pending: 0, untold: 0, aborted: 0 };
  const broken: BrokenCommit[] = [];
  let brokenCount = 0;
  try {
    for await (const commits of stores.clinical.listCommits(new Date(stores.now()))) {
      counts.aborted += commits.filter(({ state }) => state === 'aborted').length;
      const committed = commits.filter(({ state }) => state === 'committed');
      const told = committed.filter(({ writes }) => writes !== undefined);
      counts.untold += committed.length - told.length;
      let missing = await missingOf(told, stores);
      if (missing.length > 0) {
        await sleep(LOOK_AGAIN_MS);
        const again = new Set(missing.map(({ gid }) => gid));
        missing = await missingOf(
          told.filter(({ gid }) => again.has(gid)),
          stores,
        );
      }
      const prepared = new Set(missing.length > 0 ? await stores.administrative.listPrepared(NAME_PREFIX) : []);
      const lost = missing.filter(({ gid }) => !prepared.has(gid));
      counts.pending += missing.length - lost.length;
      counts.whole += told.length - missing.length;
      brokenCount += lost.length;
      broken.push(...lost.slice(0, MOST_BROKEN - broken.length));
    }
  } catch (error) {
    return { verdict: brokenCount > 0 ? 'diverging' : 'incomplete', ...counts, broken, problem: (error as Error).message };
  }
  return { verdict: brokenCount > 0 ? 'diverging' : 'equal', ...counts, broken };
}

/** The commits of which something is missing. */
async function missingOf(commits: readonly LedgerCommit[], { clinical, administrative }: ProvenStores): Promise<readonly BrokenCommit[]> {
  const names = commits.flatMap(({ writes }) => writes ?? []);
  const [ofClinical, ofAdministrative] = [names.filter(isClinical), names.filter((name) => !isClinical(name))];
  const missing = new Set<string>();
  for (const [store, own] of [
    [clinical, ofClinical],
    [administrative, ofAdministrative],
  ] as const) {
    for (let start = 0; start < own.length; start += MOST_NAMES) {
      for (const name of await store.missingAmong(own.slice(start, start + MOST_NAMES))) missing.add(name);
    }
  }
  return commits
    .map(({ gid, writes = [] }) => ({ gid, missing: writes.filter((name) => missing.has(name)) }))
    .filter((commit) => commit.missing.length > 0);
}

const isClinical = (name: string): boolean => storeOf(name.split('/')[1] ?? '') === 'clinical';
