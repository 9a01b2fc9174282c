/** Consistency proofs as documents. */
import { type KeptProof, type KeptProofs, PROOFS_KEPT } from '../kept-proofs.ts';
import { DURABLE, type MongoCollections } from './client.ts';
import { translate } from './errors.ts';
import { retryTransient } from './retry.ts';

interface ProofDocument extends Omit<KeptProof, 'id'> {
  readonly _id: string;
}

export function createKeptProofs({ client, databaseName }: MongoCollections): KeptProofs {
  const proofs = client.db(databaseName).collection<ProofDocument>('replica_proofs');
  const asked = <T>(work: () => Promise<T>) => retryTransient(work).catch((error: unknown) => Promise.reject(translate(error)));
  const writeConcern = DURABLE;
  const summary = { projection: { signed: 0 } } as const;
  return {
    keep: ({ id, ...proof }) =>
      asked(async () => {
        await proofs.updateOne({ _id: id }, { $setOnInsert: proof }, { upsert: true, writeConcern });
        const old = await proofs
          .find({}, { projection: { _id: 1 } })
          .sort({ startedAt: -1 })
          .skip(PROOFS_KEPT)
          .toArray();
        for (const { _id } of old) await proofs.deleteOne({ _id }, { writeConcern });
      }),
    find: (id) =>
      asked(async () => {
        const found = await proofs.findOne({ _id: id });
        if (!found) return undefined;
        const { _id, ...proof } = found;
        return { id: _id, ...proof };
      }),
    list: () =>
      asked(async () =>
        (await proofs.find({}, summary).sort({ startedAt: -1 }).toArray()).map(({ _id, ...proof }) => ({ id: _id, ...proof })),
      ),
  };
}
