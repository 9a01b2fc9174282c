/** Consistency proofs of both stores. */
import { openLocalSealer } from '../access/local-key.ts';
import type { Config } from '../config/options.ts';
import { createJobs } from '../jobs/jobs.ts';
import { createProver, type Prover, type ToldProof } from '../operations/replica/prove.ts';
import { createKeptProofs } from '../store/mongo/gateways/kept-proofs.ts';
import { proveCommits } from '../store/placement/prove-commits.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Stores } from './stores.ts';

/** What is sealed with a key of its own can be told from everything else that the server signs. */
const PROOF_KEY = 'consistency-proofs';
const PROOF_TYPE = 'consistency-proof+jws';
const REMEMBERED = 20;

export async function openProver(config: Config, stores: Stores, newId: () => string, log: Logger): Promise<Prover> {
  const { clinical, administrative } = stores;
  const { seal, open } = await openLocalSealer(config.dataDir, PROOF_KEY);
  return createProver({
    administration: { clinical: clinical.administration, administrative: administrative.administration },
    proveLedger: () => proveCommits({ ...stores, now: Date.now }),
    kept: createKeptProofs(clinical.collections),
    jobs: createJobs<ToldProof>({ newId, remember: REMEMBERED, log: (message, error) => log.error(message, { error }) }),
    seal: (statement) => seal(statement, PROOF_TYPE),
    open: (signed) => open(signed, PROOF_TYPE),
    now: Date.now,
  });
}
