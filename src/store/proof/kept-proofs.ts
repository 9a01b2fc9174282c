/** Consistency proofs that have been made. */

export interface KeptProof {
  readonly id: string;
  readonly startedAt: Date;
  readonly completedAt: Date;
  readonly verdict: string;
  /** The whole statement, signed: a JWS. */
  readonly signed: string;
}

/** How many are kept; older ones go. */
export const PROOFS_KEPT = 100;

export interface KeptProofs {
  keep(proof: KeptProof): Promise<void>;
  find(id: string): Promise<KeptProof | undefined>;
  /** The newest first, without what they say. */
  list(): Promise<readonly Omit<KeptProof, 'signed'>[]>;
}
