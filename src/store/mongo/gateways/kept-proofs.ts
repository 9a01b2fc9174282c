/** Consistency proofs as documents. */
import { type KeptProof, type KeptProofs, PROOFS_KEPT } from '../../proof/kept-proofs.ts';
import type { MongoCollections } from '../client.ts';
import { createKeptDocuments } from './kept-documents.ts';

export function createKeptProofs(collections: MongoCollections): KeptProofs {
  const { keep, find, list } = createKeptDocuments<KeptProof>(collections, 'replica_proofs', PROOFS_KEPT);
  return { keep, find, list: () => list(['signed']) };
}
