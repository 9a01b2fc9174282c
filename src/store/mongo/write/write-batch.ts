/**
 * Single-document writes, batched: creates leave as one unordered insert, replaces as one insert into `history` followed
 * by one unordered update. An entry that fails does so alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collection, Document } from 'mongodb';
import { identityOf, type ResourceDraft, type ResourceKey, type ResourceVersion } from '../../../model/resource.ts';
import { BATCHING, createBatcher, type Outcome } from '../../batcher.ts';
import type { RecordKeys } from '../../record-keys.ts';
import { CommitRefused } from '../../store.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { COMMAND_WITHIN_MS } from '../cluster/one-shard.ts';
import type { ShardTrips } from '../cluster/shard-trips.ts';
import { historyIdOf, parted, type StoredDocument } from '../document.ts';
import { isDuplicateKeyCode, isTransientCode, undecided } from '../errors.ts';
import { createTakeBack } from './take-back.ts';
import { createDocument, historyOf, replaceStatement, type UpdateStatement } from './unit-plan.ts';

interface BatchedWriter {
  create(draft: ResourceDraft): Promise<void>;
  replace(draft: ResourceDraft, previous: ResourceVersion): Promise<void>;
}

interface WriteReply extends Document {
  readonly n: number;
  readonly writeErrors?: readonly { readonly index: number; readonly code: number; readonly errmsg?: string }[];
  readonly writeConcernError?: { readonly code: number; readonly errmsg?: string };
}

const MAX_ITEMS = 500;
const MAX_BYTES = 8 * 1024 * 1024;
/** Then whoever sent the command sends it again by shard. */
const RETRIES_OF_AN_ENTRY = 2;

interface Ran {
  /** The lasting error code by index. */
  readonly failed: Map<number, number>;
  /** How many entries found their document, or made it. */
  readonly applied: number;
}

interface Creation {
  readonly document: StoredDocument;
  readonly key: ResourceKey;
  readonly bytes: number;
}

interface Replacing extends Creation {
  readonly statement: UpdateStatement;
  readonly before: StoredDocument;
}

/** Index fields and raw, roughly. */
const bytesOf = (draft: ResourceDraft) => draft.raw.length * 1.2 + 1500;

/**
 * `isCoLocated` tells whether a resource's history lies on its own shard. There the majority that confirms the new version
 * has confirmed the old version's copy too, since a shard's oplog is one sequence; so the copy needs no majority of its own.
 */
export function createBatchedWriter(
  collections: MongoCollections,
  isCoLocated: () => boolean,
  trips: ShardTrips,
  records: RecordKeys,
): BatchedWriter {
  const { database, resources, history } = collections;
  const takeBack = createTakeBack(collections);

  /** Runs an unordered write command until no entry failed for a passing reason. */
  async function run(command: Document, entries: 'documents' | 'updates', items: readonly unknown[]): Promise<Ran> {
    const failed = new Map<number, number>();
    let applied = 0;
    let pending = items.map((_, index) => index);
    for (let attempt = 0; pending.length > 0; attempt++) {
      const sent = pending;
      const statements = sent.map((index) => items[index]);
      const order = { ...command, [entries]: statements, ordered: false, maxTimeMS: COMMAND_WITHIN_MS };
      const reply = (await database.command(order)) as WriteReply;
      applied += reply.n;
      const passing: number[] = [];
      for (const { index, code } of reply.writeErrors ?? []) {
        const original = sent[index] as number;
        if (isTransientCode(code)) passing.push(original);
        else failed.set(original, code);
      }
      // Not confirmed by a majority: sending it again is harmless and waits for the confirmation.
      pending = reply.writeConcernError ? sent.filter((index) => !failed.has(index)) : passing;
      if (pending.length > 0 && attempt === RETRIES_OF_AN_ENTRY) throw undecided();
      if (pending.length > 0) await sleep(50);
    }
    return { failed, applied };
  }

  /** Of entries that found their place taken or changed, those that an earlier try of the same write had already carried out. */
  async function alreadyDone(entries: readonly Creation[]): Promise<ReadonlySet<Creation>> {
    if (entries.length === 0) return new Set();
    const written = async (collection: Collection<StoredDocument>, ids: readonly string[]) => {
      const documents = await collection.find({ _id: { $in: [...ids] } }, { projection: { version: 1, at: 1, by: 1 } }).toArray();
      return new Map(documents.map((document) => [document._id, document]));
    };
    const isSame = ({ document }: Creation, there: StoredDocument | undefined) =>
      there?.version === document.version && there.at.getTime() === document.at.getTime() && there.by?.r === document.by?.r;
    const current = await written(
      resources,
      entries.map(({ document }) => document._id),
    );
    const [later, others] = parted(entries, ({ document }) => (current.get(document._id)?.version ?? 0) > document.version);
    const placeOf = ({ document }: Creation) => historyIdOf(document._id, document.version);
    // Somebody may have gone on from a version that was written but not yet confirmed.
    const past = later.length === 0 ? new Map() : await written(history, later.map(placeOf));
    const done = others.filter((entry) => isSame(entry, current.get(entry.document._id)));
    return new Set([...done, ...later.filter((entry) => isSame(entry, past.get(placeOf(entry))))]);
  }

  /** `refused` tells which entries others came before, by index. */
  async function outcomes<Item extends Creation>(
    items: readonly Item[],
    failed: ReadonlyMap<number, number>,
    refused: ReadonlySet<number>,
    reason: 'exists' | 'version',
  ): Promise<Outcome<void>[]> {
    const done = await alreadyDone(items.filter((_, index) => refused.has(index)));
    return items.map((item, index) => {
      const code = failed.get(index);
      if (done.has(item) || (code === undefined && !refused.has(index))) return { ok: undefined };
      if (code === undefined || isDuplicateKeyCode(code)) return { error: new CommitRefused(reason, item.key) };
      return { error: new Error(`MongoDB refused the write of ${identityOf({ ...item.key, rk: '' })} with code ${code}`) };
    });
  }

  const writeConcern = DURABLE;
  const historyConcern = () => (isCoLocated() ? { w: 1 } : DURABLE);
  const bounds = { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, ...BATCHING, sizeOf: (item: Creation) => item.bytes };
  const placeOf = ({ document }: Creation) => document._id;

  async function createAll(items: readonly Creation[]): Promise<Outcome<void>[]> {
    const documents = items.map(({ document }) => document);
    const { failed } = await run({ insert: 'resources', writeConcern }, 'documents', documents);
    const taken = new Set([...failed].filter(([, code]) => isDuplicateKeyCode(code)).map(([index]) => index));
    return outcomes(items, failed, taken, 'exists');
  }

  async function replaceAll(items: readonly Replacing[]): Promise<Outcome<void>[]> {
    const before = items.map((item) => item.before);
    // The old version first: a crash between the two leaves a copy of the current version, which readers drop.
    const { failed: unkept } = await run({ insert: 'history', writeConcern: historyConcern() }, 'documents', before);
    const statements = items.map(({ statement }) => statement);
    const { failed, applied } = await run({ update: 'resources', writeConcern }, 'updates', statements);
    // The reply tells how many versions were no longer current, not which.
    const isAllApplied = applied >= items.length - failed.size;
    const doubtful = isAllApplied ? [] : items.flatMap((_, index) => (failed.has(index) ? [] : [index]));
    for (const [index, code] of unkept) if (!isDuplicateKeyCode(code)) failed.set(index, code);
    await takeBack(doubtful.flatMap((index) => (unkept.has(index) ? [] : (items[index]?.before ?? []))));
    return outcomes(items, failed, new Set(doubtful), 'version');
  }

  const create = createBatcher<Creation, void>({ ...bounds, run: (items) => trips.write(items, placeOf, createAll) });
  const replace = createBatcher<Replacing, void>({ ...bounds, run: (items) => trips.write(items, placeOf, replaceAll) });

  return {
    create: (draft) => create({ document: createDocument(draft, records), key: draft, bytes: bytesOf(draft) }),
    replace: (draft, previous) => {
      const statement = replaceStatement(draft, previous, records);
      const bytes = bytesOf(draft) + previous.raw.length;
      return replace({ statement, document: statement.u as unknown as StoredDocument, before: historyOf(previous), key: draft, bytes });
    },
  };
}
