/**
 * The storage work of a transaction Bundle over both stores: rows prepared in PostgreSQL, documents and a marker in one
 * MongoDB transaction, then the commit of both. Copies of a loaded patient's documents and rows, under new record keys.
 */
import { randomUUID } from 'node:crypto';
import type { Document } from 'mongodb';
import type { PoolClient } from 'pg';
import { ADMINISTRATIVE_TABLES } from '../../src/store/postgres/business-date.ts';
import type { Operation } from '../measure.ts';
import { type RawMongo, randomRecordKey } from './mongo.ts';
import type { RawPostgres } from './postgres.ts';

const PATIENTS = 20;

interface Rows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

interface PatientRecord {
  readonly documents: readonly Document[];
  readonly rows: readonly Rows[];
}

export async function prepareTransactions(mongo: RawMongo, postgres: RawPostgres): Promise<Operation> {
  const records = await readRecords(mongo, postgres);
  let number = 0;
  return async () => {
    const record = records[number % records.length] as PatientRecord;
    await commitCopy(mongo, postgres, record, `raw${number++}`);
    return record.documents.length + record.rows.reduce((sum, rows) => sum + rows.values.length, 0);
  };
}

async function readRecords(mongo: RawMongo, postgres: RawPostgres): Promise<PatientRecord[]> {
  const resources = mongo.source.collection<{ _id: string }>('resources');
  const patients = await resources.find({ type: 'Patient' }).limit(PATIENTS).toArray();
  const records: PatientRecord[] = [];
  for (const patient of patients) {
    const rk = patient._id.slice(0, patient._id.indexOf('/'));
    // Without what the benchmark's own phases added to the patient.
    const documents = await resources.find({ _id: { $gte: `${rk}/`, $lt: `${rk}0` }, s: { $not: /bench\.meridian\.example/ } }).toArray();
    const rows = await Promise.all(ADMINISTRATIVE_TABLES.map(({ table }) => readRows(postgres, table, rk)));
    records.push({ documents, rows: rows.filter(({ values }) => values.length > 0) });
  }
  return records;
}

async function readRows(postgres: RawPostgres, table: string, rk: string): Promise<Rows> {
  const text = `SELECT * FROM ${table} WHERE rk = $1 AND raw NOT LIKE '%bench.meridian.example%'`;
  const found = await postgres.source.query({ text, values: [rk], rowMode: 'array', types: { getTypeParser: () => String } });
  return { table, columns: found.fields.map(({ name }) => name), values: found.rows as unknown[][] };
}

async function commitCopy(mongo: RawMongo, postgres: RawPostgres, record: PatientRecord, suffix: string): Promise<void> {
  const rk = randomRecordKey();
  const gid = `bench:${randomUUID()}`;
  const connection = await postgres.target.connect();
  try {
    await connection.query('BEGIN');
    for (const rows of record.rows) await insertRows(connection, rows, rk, suffix);
    await connection.query(`PREPARE TRANSACTION '${gid}'`);
    await commitDocuments(mongo, record.documents, rk, suffix, gid);
    await connection.query(`COMMIT PREPARED '${gid}'`);
  } finally {
    connection.release();
  }
}

async function commitDocuments(mongo: RawMongo, documents: readonly Document[], rk: string, suffix: string, gid: string): Promise<void> {
  const copies = documents.map((document) => ({ ...document, _id: `${rk}${String(document._id).slice(rk.length)}-${suffix}` }));
  await mongo.client.withSession((session) =>
    session.withTransaction(async () => {
      await mongo.target.collection<{ _id: string }>('resources').insertMany(copies, { session, ordered: false });
      await mongo.target.collection<{ _id: string }>('ledger').insertOne({ _id: `${rk}/~tx/${gid}` }, { session });
    }),
  );
}

async function insertRows(connection: PoolClient, { table, columns, values }: Rows, rk: string, suffix: string): Promise<void> {
  const change = (name: string | undefined, value: unknown) => (name === 'rk' ? rk : name === 'id' ? `${String(value)}-${suffix}` : value);
  const copies = values.map((row) => row.map((value, n) => change(columns[n], value)));
  await insert(connection, table, columns, copies);
  const [id, version, at] = ['id', 'version', 'at'].map((name) => columns.indexOf(name)) as [number, number, number];
  const heads = copies.map((row) => [table, row[id], rk, '-infinity', row[version], row[at], false]);
  await insert(connection, 'resource_head', ['type', 'id', 'rk', 'business_at', 'version', 'at', 'deleted'], heads);
}

async function insert(
  connection: PoolClient,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  const flat: unknown[] = [];
  const tuples = rows.map((row) => `(${row.map((value) => `$${flat.push(value)}`).join()})`);
  await connection.query(`INSERT INTO ${table} (${columns.join()}) VALUES ${tuples.join()}`, flat);
}
