/** What the ledger tells of commits over both stores, and whether the clinical half is there. */
import { identityOf } from '../../../model/resource.ts';
import type { LedgerCommit } from '../../proof/proof.ts';
import type { MongoCollections } from '../client.ts';

const BATCH = 500;

/** Markers that were written before that time, some hundreds at a time. */
export async function* listCommits({ ledger }: MongoCollections, before: Date): AsyncGenerator<readonly LedgerCommit[]> {
  const projection = { state: 1, writes: 1 } as const;
  const cursor = ledger.find({ kind: 'transaction', at: { $lt: before } }, { projection, batchSize: BATCH });
  let batch: LedgerCommit[] = [];
  for await (const { _id, state = 'aborted', writes } of cursor) {
    batch.push({ gid: _id.slice(_id.indexOf('/~tx/') + '/~tx/'.length), state, writes });
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/**
 * Of versions (`<record key>/<Type>/<id>/<version>`), those that are not there: neither that version nor a later one is current
 * at that place, nor has the resource moved on from it.
 */
export async function missingAmong({ resources }: MongoCollections, versions: readonly string[]): Promise<readonly string[]> {
  const wanted = versions.map((name) => {
    const [rk = '', type = '', id = '', version] = name.split('/');
    return { name, identity: identityOf({ rk, type, id }), version: Number(version) };
  });
  const there = new Map<string, number>();
  for (let start = 0; start < wanted.length; start += BATCH) {
    const ids = wanted.slice(start, start + BATCH).map(({ identity }) => identity);
    const found = resources.find({ _id: { $in: ids } }, { projection: { version: 1, home: 1 }, batchSize: BATCH });
    for await (const { _id, version, home } of found) there.set(_id, home === undefined ? version : Number.POSITIVE_INFINITY);
  }
  return wanted.filter(({ identity, version }) => (there.get(identity) ?? 0) < version).map(({ name }) => name);
}
