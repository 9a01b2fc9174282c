/** Reports of which the latest are kept; older ones go. */
import { DURABLE, type MongoCollections } from '../client.ts';
import { asked } from '../retry.ts';

interface Kept {
  readonly id: string;
  readonly startedAt: Date;
}

interface KeptDocuments<Report extends Kept> {
  /** Keeps it, once; sending it again is harmless. */
  keep(report: Report): Promise<void>;
  find(id: string): Promise<Report | undefined>;
  /** The newest first, without the fields that are left out. */
  list<Left extends keyof Report & string = never>(leftOut?: readonly Left[]): Promise<readonly Omit<Report, Left>[]>;
}

/** @param most how many are kept */
export function createKeptDocuments<Report extends Kept>(
  { database }: MongoCollections,
  name: string,
  most: number,
): KeptDocuments<Report> {
  const documents = database.collection<{ _id: string }>(name);
  const writeConcern = DURABLE;
  const latest = { startedAt: -1 } as const;
  const reportOf = ({ _id, ...rest }: { readonly _id: string }) => ({ id: _id, ...rest }) as unknown as Report;
  return {
    keep: ({ id, ...report }) =>
      asked(async () => {
        await documents.updateOne({ _id: id }, { $setOnInsert: report as object }, { upsert: true, writeConcern });
        const old = await documents
          .find({}, { projection: { _id: 1 } })
          .sort(latest)
          .skip(most)
          .toArray();
        for (const { _id } of old) await documents.deleteOne({ _id }, { writeConcern });
      }),
    find: (id) =>
      asked(async () => {
        const found = await documents.findOne({ _id: id });
        return found ? reportOf(found) : undefined;
      }),
    list: (leftOut = []) =>
      asked(async () => {
        const projection = Object.fromEntries(leftOut.map((field) => [field, 0]));
        return (await documents.find({}, { projection }).sort(latest).toArray()).map(reportOf);
      }),
  };
}
