/** Whether resources with security labels are in use: one document that all gateways of a database share, there to stay. */
import { DURABLE, type MongoCollections } from '../client.ts';
import { isDuplicateKey, translate } from '../errors.ts';

const LABELS_ID = '0000000000/~labels/in-use';

export interface SharedLabelUse {
  areInUse(): Promise<boolean>;
  use(): Promise<void>;
}

export function createLabelUse({ ledger }: MongoCollections): SharedLabelUse {
  return {
    async areInUse() {
      try {
        return (await ledger.findOne({ _id: LABELS_ID }, { readConcern: { level: 'majority' } })) !== null;
      } catch (error) {
        throw translate(error);
      }
    },
    async use() {
      try {
        await ledger.insertOne({ _id: LABELS_ID, kind: 'labels', at: new Date() }, { writeConcern: DURABLE });
      } catch (error) {
        if (!isDuplicateKey(error)) throw translate(error);
      }
    },
  };
}
