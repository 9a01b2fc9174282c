/** A unit of several documents in one MongoDB transaction: writes, idempotency record and, last, the marker. */
import type { ClientSession, Document } from 'mongodb';
import type { ResourceKey } from '../../../model/resource.ts';
import { CommitRefused, type Idempotency, type UnitOfWork } from '../../store.ts';
import { storeChunks } from '../chunks.ts';
import type { MongoCollections } from '../client.ts';
import { isDuplicateKey, isDuplicateKeyCode } from '../errors.ts';
import { type LedgerMarker, ledgerIdOfKey, markerDocument } from './ledger.ts';
import { type Placing, planUnit, type UnitPlan, type UpdateStatement } from './unit-plan.ts';

interface WriteReply extends Document {
  readonly n: number;
  readonly writeErrors?: readonly { readonly index: number; readonly code: number; readonly errmsg: string }[];
}

interface UnitWriter {
  /** Stores large texts of the unit ahead of its commit. */
  prepare(unit: UnitOfWork): Promise<void>;
  /** The body of the transaction. @throws CommitRefused */
  carryOut(unit: UnitOfWork, session: ClientSession, marker?: LedgerMarker): Promise<void>;
}

/** A command's documents at most; with the bound on bytes it stays far below MongoDB's 48 MB message. */
const STATEMENTS_PER_COMMAND = 500;
const BYTES_PER_COMMAND = 12 * 1024 * 1024;

export function createUnitWriter(collections: MongoCollections, placing: Placing): UnitWriter {
  const { database, ledger } = collections;

  /** Runs a write command in slices. `refuse` names the entry that met a duplicate key. */
  async function run(
    command: Document,
    field: 'documents' | 'updates',
    entries: readonly Sized[],
    session: ClientSession,
    refuse: (index: number) => Error,
  ) {
    let applied = 0;
    for (const [start, slice] of slicesOf(entries)) {
      const reply = (await database.command({ ...command, [field]: slice, ordered: true }, { session })) as WriteReply;
      const error = reply.writeErrors?.[0];
      if (error) throw isDuplicateKeyCode(error.code) ? refuse(start + error.index) : new Error(`MongoDB: ${error.code} ${error.errmsg}`);
      applied += reply.n;
    }
    return applied;
  }

  async function keepAnswer(idempotency: Idempotency, session: ClientSession): Promise<void> {
    const { key, bodyHash, answer } = idempotency;
    try {
      await ledger.insertOne({ _id: ledgerIdOfKey(key), kind: 'idempotency', at: new Date(), bodyHash, answer }, { session });
    } catch (error) {
      throw isDuplicateKey(error) ? new CommitRefused('idempotency') : error;
    }
  }

  async function write(plan: UnitPlan, session: ClientSession): Promise<void> {
    const exists = (keys: readonly { readonly key: ResourceKey }[]) => (index: number) => new CommitRefused('exists', keys[index]?.key);
    const stale = (keys: readonly { readonly key: ResourceKey }[]) => (index: number) => new CommitRefused('version', keys[index]?.key);
    const unexpected = (index: number) => new Error(`a duplicate key where none can be (entry ${index})`);

    await run(
      { insert: 'locators' },
      'documents',
      plan.locators.map(({ document }) => document),
      session,
      exists(plan.locators),
    );
    await run(
      { insert: 'resources' },
      'documents',
      plan.creates.map(({ document }) => document),
      session,
      exists(plan.creates),
    );
    // A crash after an earlier single-document update may have left the same version there already.
    const histories = plan.histories.map((u): UpdateStatement => ({ q: { _id: u._id }, u: { ...u }, upsert: true }));
    await run({ update: 'history' }, 'updates', histories, session, unexpected);
    const statements = plan.replaces.map(({ statement }) => statement);
    const replaced = await run({ update: 'resources' }, 'updates', statements, session, stale(plan.replaces));
    if (replaced < statements.length) throw new CommitRefused('version', statements.length === 1 ? plan.replaces[0]?.key : undefined);
    for (const departure of plan.departures) {
      const left = await run({ update: 'resources' }, 'updates', [departure.statement], session, stale([departure]));
      if (left === 0) throw new CommitRefused('version', departure.key);
    }
    for (const collection of ['resources', 'locators'] as const) {
      const statements = plan.rewrites.filter((rewrite) => rewrite.collection === collection).map(({ statement }) => statement);
      await run({ update: collection }, 'updates', statements, session, unexpected);
    }
  }

  return {
    async prepare(unit) {
      for (const write of unit.writes) {
        await storeChunks(collections, write.draft);
        if (write.kind === 'replace') await storeChunks(collections, write.previous);
      }
    },

    async carryOut(unit, session, marker) {
      await write(planUnit(unit, placing), session);
      if (unit.idempotency) await keepAnswer(unit.idempotency, session);
      if (marker) await ledger.insertOne(markerDocument(marker, 'committed'), { session });
    },
  };
}

type Sized = object & { readonly raw?: string; readonly u?: Readonly<Record<string, unknown>> };

function sizeOf(entry: Sized): number {
  const raw = entry.raw ?? entry.u?.raw;
  return 1500 + (typeof raw === 'string' ? raw.length * 1.2 : 0);
}

function* slicesOf(entries: readonly Sized[]): Generator<readonly [number, readonly Sized[]]> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < entries.length; index++) {
    const size = sizeOf(entries[index] as Sized);
    if (index > start && (index - start === STATEMENTS_PER_COMMAND || bytes + size > BYTES_PER_COMMAND)) {
      yield [start, entries.slice(start, index)];
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < entries.length) yield [start, entries.slice(start)];
}
