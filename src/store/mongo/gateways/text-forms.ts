/** In which forms texts and identifiers lie in the database: plain, or under the key of this name. All gateways share it. */
import { DURABLE, type MongoCollections } from '../client.ts';
import { retryTransient } from '../retry.ts';

const FORMS_ID = '0000000000/~secret/text-forms';

interface TextForms {
  /** Undefined if nobody has noted any. */
  read(): Promise<readonly string[] | undefined>;
  /** What is written from now on may have this form as well. */
  add(forms: readonly string[]): Promise<void>;
  /** Nothing has any other form any more. */
  settle(form: string): Promise<void>;
}

export function createTextForms({ ledger }: MongoCollections): TextForms {
  const split = (text: string | undefined) => (text === undefined ? undefined : text.split(' ').filter((form) => form !== ''));
  const read = async () => split((await retryTransient(() => ledger.findOne({ _id: FORMS_ID })))?.answer);
  async function write(before: readonly string[] | undefined, after: readonly string[]): Promise<boolean> {
    const document = { kind: 'secret' as const, at: new Date(), answer: after.join(' ') };
    if (before === undefined) {
      const made = await ledger.updateOne({ _id: FORMS_ID }, { $setOnInsert: document }, { upsert: true, writeConcern: DURABLE });
      return made.upsertedCount === 1;
    }
    const changed = await ledger.updateOne({ _id: FORMS_ID, answer: before.join(' ') }, { $set: document }, { writeConcern: DURABLE });
    return changed.matchedCount === 1;
  }
  /** Until nobody came in between. */
  async function change(next: (before: readonly string[]) => readonly string[]): Promise<void> {
    for (;;) {
      const before = await read();
      const after = next(before ?? []);
      if (before && before.join(' ') === after.join(' ')) return;
      if (await retryTransient(() => write(before, after))) return;
    }
  }
  return {
    read,
    add: (forms) => change((before) => [...new Set([...before, ...forms])].sort()),
    settle: (form) => change(() => [form]),
  };
}
