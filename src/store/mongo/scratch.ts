/** MongoDB's scratch arenas: the same observations sharded by record key, and all in one range on one shard. */
import type { Collection, Document } from 'mongodb';
import { recordKeyOf } from '../../model/record-key.ts';
import type { ScratchArena } from '../scratch.ts';
import type { MongoCollections } from './client.ts';

interface ScratchObservation {
  readonly _id: string;
  readonly patient: string;
  readonly code: string;
  readonly at: number;
  readonly value: number;
  readonly raw: string;
}

const RECORDS_PER_PATIENT = 50;
const CODES = ['8867-4', '8310-5', '29463-7', '8302-2', '2708-6'];
const BATCH = 1000;
const FILLER = 'x'.repeat(600);

/**
 * An arena in a database of its own, named after `run`. "unsharded" is a collection of one range, which lies wholly on one
 * shard as a collection does that was never sharded.
 */
export function openMongoArena(collections: MongoCollections, layout: 'sharded' | 'unsharded', run: string): ScratchArena {
  const { client } = collections;
  const databaseName = `meridian_benchmark_${run}`;
  const database = client.db(databaseName);
  const observations: Collection<ScratchObservation> = database.collection(layout);
  let patients = 1;

  const patientOf = (n: number) => `p${n % patients}`;
  const queries: Readonly<Record<string, (n: number) => { filter: Document; sort?: Document; limit: number }>> = {
    'one record by id': (n) => ({ filter: { _id: idOf(patientOf(n), n % RECORDS_PER_PATIENT) }, limit: 1 }),
    'one patient, latest by code': (n) => ({
      filter: { ...recordRange(patientOf(n)), patient: patientOf(n), code: CODES[n % CODES.length] },
      sort: { at: -1 },
      limit: 20,
    }),
    'all patients, one code, a day': (n) => ({
      filter: { code: CODES[n % CODES.length], at: { $gte: (n % 365) * DAY, $lt: ((n % 365) + 1) * DAY } },
      limit: 1000,
    }),
    'all patients, high values': (n) => ({ filter: { code: CODES[n % CODES.length], value: { $gte: 95 } }, sort: { at: -1 }, limit: 100 }),
  };

  function find(query: string, n: number) {
    const { filter, sort, limit } = (queries[query] as (n: number) => { filter: Document; sort?: Document; limit: number })(n);
    const cursor = observations.find(filter, { limit, maxTimeMS: 10_000 });
    return sort ? cursor.sort(sort as Record<string, 1 | -1>) : cursor;
  }

  return {
    layout,
    queries: Object.keys(queries),

    async load(records, isCancelled) {
      patients = Math.max(1, Math.floor(records / RECORDS_PER_PATIENT));
      if (layout === 'sharded') await copyRanges(collections, `${databaseName}.${layout}`);
      else await shardWhole(collections, `${databaseName}.${layout}`);
      await observations.createIndexes([{ key: { patient: 1, code: 1, at: -1 } }, { key: { code: 1, at: -1 } }]);
      const total = patients * RECORDS_PER_PATIENT;
      for (let start = 0; start < total && !isCancelled(); start += BATCH) {
        const size = Math.min(BATCH, total - start);
        const batch = Array.from({ length: size }, (_, offset) => observationOf(start + offset));
        await observations.insertMany(batch, { ordered: false });
      }
    },

    async run(query, n) {
      return (await find(query, n).toArray()).length;
    },

    async explain(query) {
      const plan = await find(query, 1).explain('executionStats');
      return {
        shards: shardsIn(plan.queryPlanner),
        keysExamined: plan.executionStats?.totalKeysExamined,
        documentsExamined: plan.executionStats?.totalDocsExamined,
        returned: plan.executionStats?.nReturned,
      };
    },

    async drop() {
      await database.dropDatabase();
    },
  };
}

const DAY = 86_400_000;

function idOf(patient: string, index: number): string {
  return `${recordKeyOf(patient)}/${patient}/${String(index).padStart(4, '0')}`;
}

function recordRange(patient: string): Document {
  const rk = recordKeyOf(patient);
  return { _id: { $gte: `${rk}/`, $lt: `${rk}0` } };
}

function observationOf(n: number): ScratchObservation {
  const patient = `p${Math.floor(n / RECORDS_PER_PATIENT)}`;
  const index = n % RECORDS_PER_PATIENT;
  const spread = (n * 2_654_435_761) % 4_294_967_296;
  return {
    _id: idOf(patient, index),
    patient,
    code: CODES[index % CODES.length] as string,
    at: (spread % 365) * DAY + (spread % DAY),
    value: spread % 100,
    raw: FILLER,
  };
}

async function isSharded({ client }: MongoCollections): Promise<boolean> {
  return (await client.db('admin').command({ hello: 1 })).msg === 'isdbgrid';
}

async function shardWhole(collections: MongoCollections, namespace: string): Promise<void> {
  if (!(await isSharded(collections))) return;
  const admin = collections.client.db('admin');
  await admin.command({ enableSharding: namespace.slice(0, namespace.indexOf('.')) });
  await admin.command({ shardCollection: namespace, key: { _id: 1 } });
}

/** Shards a scratch collection into the ranges that `resources` has, so that what is measured is the layout in use. */
async function copyRanges(collections: MongoCollections, namespace: string): Promise<void> {
  if (!(await isSharded(collections))) return;
  await shardWhole(collections, namespace);
  const { client, databaseName } = collections;
  const config = client.db('config');
  const model = await config.collection<{ _id: string; uuid: unknown }>('collections').findOne({ _id: `${databaseName}.resources` });
  const chunks = await config.collection('chunks').find({ uuid: model?.uuid }).sort({ min: 1 }).toArray();
  const admin = client.db('admin');
  for (const chunk of chunks.slice(1)) await admin.command({ split: namespace, middle: chunk.min });
  for (const chunk of chunks) await admin.command({ moveChunk: namespace, find: chunk.min, to: chunk.shard });
}

/** Names of the shards that a plan touches; a replica set has none. */
function shardsIn(planner: Document | undefined): readonly string[] {
  const shards = planner?.winningPlan?.shards as { shardName: string }[] | undefined;
  return shards?.map(({ shardName }) => shardName) ?? [];
}
