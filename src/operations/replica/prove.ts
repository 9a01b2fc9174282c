/** Consistency proofs: made one at a time, signed, kept. */
import type { Jobs } from '../../jobs/jobs.ts';
import { notFound, throttled, unavailable } from '../../model/error.ts';
import type { Author } from '../../model/resource.ts';
import type { Administration } from '../../store/administration.ts';
import type { KeptProof, KeptProofs } from '../../store/proof/kept-proofs.ts';
import type { LedgerProof, SetProof } from '../../store/proof/proof.ts';

/** `equal`: whatever could be compared is the same. `alone`: there was nothing to compare. */
type ProofVerdict = 'equal' | 'diverging' | 'incomplete' | 'alone';

/** What is signed. */
interface ConsistencyProof {
  readonly proof: string;
  readonly requestedBy: { readonly client: string; readonly subject: string };
  /** ISO instants. */
  readonly started: string;
  readonly completed: string;
  readonly verdict: ProofVerdict;
  readonly sets: readonly SetProof[];
  /** Absent when one shard was asked for. */
  readonly ledger?: LedgerProof;
}

/** A proof as it is told: what was signed, and the signature. */
export interface ToldProof {
  readonly statement: ConsistencyProof;
  readonly signed: string;
}

interface ProverOptions {
  readonly administration: Pick<Administration, 'clinical' | 'administrative'>;
  readonly proveLedger: () => Promise<LedgerProof>;
  readonly kept: KeptProofs;
  readonly jobs: Jobs<ToldProof>;
  readonly seal: (statement: object) => Promise<string>;
  /** What one of our keys signed; undefined for anything else. */
  readonly open: (signed: string) => Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Prover {
  /** Begins a proof of everything, or of one shard. @throws FhirError 429 while one is under way here, 400 for no such shard */
  begin(by: Author, shard: string | undefined): Promise<{ readonly id: string; readonly done: Promise<ToldProof> }>;
  /** A proof, or how far it is in percent. @throws FhirError 404, 503 if it failed */
  find(id: string, client: string): Promise<ToldProof | number>;
  list(): Promise<readonly Omit<KeptProof, 'signed'>[]>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

const RETRY_SECONDS = 10;

export function createProver({ administration, proveLedger, kept, jobs, seal, open, now }: ProverOptions): Prover {
  const { clinical, administrative } = administration;
  const stopping = new AbortController();

  async function prove(id: string, by: Author, shard: string | undefined, percent: (percent: number) => void): Promise<ToldProof> {
    const startedAt = new Date(now());
    const control = { signal: stopping.signal, progress: (done: number, all: number) => percent(Math.floor((80 * done) / all)) };
    const ofShards = await clinical.proveReplicas(shard, control);
    percent(80);
    const whole = shard === undefined ? { databases: [await administrative.proveReplicas()], ledger: await proveLedger() } : undefined;
    const sets = [...ofShards, ...(whole?.databases ?? [])];
    const completedAt = new Date(now());
    const statement: ConsistencyProof = {
      proof: id,
      requestedBy: { client: by.client, subject: by.subject },
      started: startedAt.toISOString(),
      completed: completedAt.toISOString(),
      verdict: verdictOver(sets, whole?.ledger),
      sets,
      ...(whole && { ledger: whole.ledger }),
    };
    const signed = await seal(statement);
    await kept.keep({ id, startedAt, completedAt, verdict: statement.verdict, signed });
    return { statement, signed };
  }

  return {
    async begin(by, shard) {
      const proof = Promise.withResolvers<ToldProof>();
      // Who asked for an answer later hears of a failure by asking for it.
      proof.promise.catch(() => undefined);
      const job = jobs.start(by.client, async ({ id, progress }) => {
        const done = prove(id, by, shard, progress);
        done.then(proof.resolve, proof.reject);
        return done;
      });
      if (!job) throw throttled('a consistency proof is under way; one at a time', RETRY_SECONDS);
      return { id: job.id, done: proof.promise };
    },

    async find(id, client) {
      const job = jobs.find(id, client);
      if (job?.state === 'accepted' || job?.state === 'running') return job.percent;
      if (job?.state === 'failed') throw unavailable(`the proof failed: ${job.problem}`);
      const found = await kept.find(id);
      if (!found) throw notFound(`there is no consistency proof "${id}"`);
      const statement = (await open(found.signed)) as ConsistencyProof | undefined;
      if (statement?.proof !== id) throw unavailable('the proof is not signed by a key of this gateway: ask the one that made it');
      return { statement, signed: found.signed };
    },

    list: kept.list,
    close: async () => {
      stopping.abort(unavailable('the server is shutting down'));
      await jobs.close();
    },
  };
}

function verdictOver(sets: readonly SetProof[], ledger: LedgerProof | undefined): ProofVerdict {
  const verdicts = [...sets.map(({ verdict }) => verdict), ...(ledger ? [ledger.verdict] : [])];
  if (verdicts.includes('diverging')) return 'diverging';
  if (verdicts.includes('incomplete')) return 'incomplete';
  return sets.some(({ verdict }) => verdict === 'equal') ? 'equal' : 'alone';
}
