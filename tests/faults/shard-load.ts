/** A steady load of reads and writes on every shard, and the book that is kept of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ownerIdFrom, recordKeyOf } from '../../src/model/record-key.ts';
import type { Answer, GatewayProcess } from '../support/gateway-process.ts';

/** Milliseconds of `performance.now()`. */
type Instant = number;

export interface WrittenUnit {
  readonly patient: string;
  readonly shard: number;
  /** A transaction over both stores (Patient, Observation, Encounter), or the Patient alone. */
  readonly isTransaction: boolean;
  readonly isAcknowledged: boolean;
}

export interface ShardBook {
  readonly shard: number;
  /** When writes were acknowledged, ascending. */
  readonly acknowledgedAt: Instant[];
  /** When writes were refused. */
  readonly refusedAt: Instant[];
  readonly reads: { readonly at: Instant; readonly ms: number }[];
}

export interface ShardLoad {
  readonly books: readonly ShardBook[];
  readonly units: readonly WrittenUnit[];
  /** Answers that no client should ever see, in words; at most a few. */
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

const WRITE_PAUSE_MS = 20;
const READ_PAUSE_MS = 10;
const FEW = 20;

/** Patients of each shard, without end: with four shards their ranges begin at 000, 004, 008 and 00c. Their ids need no locator. */
function patientsOf(shard: number, shards: number, prefix: string): () => string {
  let n = 0;
  const shardOf = (id: string) => Math.floor((Number.parseInt(recordKeyOf(id).slice(2, 3), 16) * shards) / 16);
  return () => {
    for (;;) {
      const id = ownerIdFrom(`${prefix}-${n++}`);
      if (shardOf(id) === shard) return id;
    }
  };
}

const patientOf = (id: string) => ({ resourceType: 'Patient', id, identifier: [{ system: 'urn:test:drill', value: id }] });
const observationOf = (id: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'drill' },
  subject: { reference: `Patient/${id}` },
});
const encounterOf = (id: string) => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
  subject: { reference: `Patient/${id}` },
  period: { start: '2024-05-01' },
});

const transactionOf = (id: string) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    { resource: patientOf(id), request: { method: 'PUT', url: `Patient/${id}` } },
    { resource: observationOf(id), request: { method: 'POST', url: 'Observation' } },
    { resource: encounterOf(id), request: { method: 'POST', url: 'Encounter' } },
  ],
});

/** Makes a patient with an observation on each shard to read, then begins. */
export async function startLoad(gateway: GatewayProcess, shards: number): Promise<ShardLoad> {
  const books: ShardBook[] = Array.from({ length: shards }, (_, shard) => ({ shard, acknowledgedAt: [], refusedAt: [], reads: [] }));
  const units: WrittenUnit[] = [];
  const faults: string[] = [];
  let isOver = false;

  function fault(what: string, { status, text, headers }: Answer): void {
    const requestId = headers.get('X-Request-Id');
    const cause = status === 500 && requestId ? gateway.logged(requestId) : '';
    if (faults.length < FEW) faults.push(`${what}: ${status} ${text.slice(0, 300)} ${cause}`);
  }

  async function write(book: ShardBook, patient: string, isTransaction: boolean): Promise<void> {
    const answer = isTransaction
      ? await gateway.ask('POST', '', transactionOf(patient))
      : await gateway.ask('PUT', `Patient/${patient}`, patientOf(patient));
    const isAcknowledged = answer.status === (isTransaction ? 200 : 201);
    units.push({ patient, shard: book.shard, isTransaction, isAcknowledged });
    (isAcknowledged ? book.acknowledgedAt : book.refusedAt).push(performance.now());
    if (!isAcknowledged && (answer.status !== 503 || !answer.headers.get('Retry-After'))) fault(`write to shard ${book.shard}`, answer);
  }

  async function writer(book: ShardBook): Promise<void> {
    const next = patientsOf(book.shard, shards, 'drill');
    for (let n = 0; !isOver; n++) {
      await write(book, next(), n % 3 === 2);
      await sleep(WRITE_PAUSE_MS);
    }
  }

  async function reader(book: ShardBook, patient: string): Promise<void> {
    for (let n = 0; !isOver; n++) {
      const at = performance.now();
      const path = n % 2 === 0 ? `Patient/${patient}` : `Observation?subject=Patient/${patient}`;
      const answer = await gateway.ask('GET', path);
      book.reads.push({ at, ms: performance.now() - at });
      const isRight = answer.status === 200 && (n % 2 === 0 || answer.json.entry?.length === 1);
      if (!isRight && answer.status !== 503) fault(path, answer);
      await sleep(READ_PAUSE_MS);
    }
  }

  const seeds = books.map(({ shard }) => patientsOf(shard, shards, 'seed')());
  for (const seed of seeds) await gateway.ask('POST', '', transactionOf(seed));
  const workers = books.flatMap((book) => [writer(book), reader(book, seeds[book.shard] as string)]);
  return {
    books,
    units,
    faults,
    stop: async () => {
      isOver = true;
      await Promise.all(workers);
    },
  };
}

/** How much of a unit is there: 0, or all of `ofUnit`, if it is whole. */
export async function presentOf(gateway: GatewayProcess, { patient, isTransaction }: WrittenUnit): Promise<number> {
  const { status, text } = await gateway.ask('GET', `Patient/${patient}`);
  if (status !== 200 && status !== 404) throw new Error(`Patient/${patient}: ${status} ${text}`);
  const alone = status === 200 ? 1 : 0;
  if (!isTransaction) return alone;
  const searches = ['Observation', 'Encounter'].map((type) => gateway.ask('GET', `${type}?subject=Patient/${patient}`));
  const found = (await Promise.all(searches)).map(({ json }) => json.entry?.length ?? 0);
  return found.reduce((sum, count) => sum + count, alone);
}

export const sizeOf = ({ isTransaction }: WrittenUnit) => (isTransaction ? 3 : 1);
