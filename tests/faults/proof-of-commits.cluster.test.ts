/** The ledger held against both stores: what a commit wrote and is not there any more is named. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unitOf } from '../../src/store/benchmark/scratch-units.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { proveCommits } from '../../src/store/placement/prove-commits.ts';
import { createTwoPhaseCommit } from '../../src/store/placement/two-phase.ts';
import type { LedgerProof } from '../../src/store/proof/proof.ts';
import { testDatabases } from '../support/databases.ts';
import { openStores } from './stores.ts';

const { mongodbUri, databaseUrl } = await testDatabases();
let stores: Awaited<ReturnType<typeof openStores>>;

beforeAll(async () => {
  stores = await openStores(mongodbUri, databaseUrl);
  await migrateMongo(stores.clinical.collections.client, stores.clinical.collections.databaseName);
  await stores.administrative.migrate();
  let n = 0;
  const twoPhase = createTwoPhaseCommit({ ...stores, gatewayId: 'proof.1', newUlid: () => `ulid${n++}` });
  for (let unit = 1; unit <= 4; unit++) {
    const { clinicalUnit, administrativeUnit } = unitOf(unit);
    await twoPhase.commit(clinicalUnit, administrativeUnit);
  }
}, 60_000);

afterAll(async () => {
  await stores.clinical.close();
  await stores.administrative.close();
});

/** A minute ahead: the databases' clocks are this machine's, but markers have theirs from the gateway. */
const prove = (): Promise<LedgerProof> => proveCommits({ ...stores, now: () => Date.now() + 60_000 });
const missingOf = ({ broken }: LedgerProof) => broken.flatMap(({ missing }) => missing.map((name) => name.split('/').slice(1).join('/')));

describe('the ledger against both stores', () => {
  test('finds every commit whole', async () => {
    expect(await prove()).toEqual({ verdict: 'equal', whole: 4, pending: 0, untold: 0, aborted: 0, broken: [] });
  });

  test('names what is missing in either store', async () => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`DELETE FROM resource_head WHERE type = 'Claim' AND id = 'fault-2-c'`);
    await client.end();
    await stores.clinical.collections.resources.deleteMany({ type: 'Observation', id: 'fault-3-a' });
    const proof = await prove();
    expect(proof).toMatchObject({ verdict: 'diverging', whole: 2 });
    expect(missingOf(proof).sort()).toEqual(['Claim/fault-2-c/1', 'Observation/fault-3-a/1']);
  });

  test('says nothing of commits of which part was erased', async () => {
    await stores.clinical.erasure.eraseAnswers(() => false, new Set(['Claim/fault-2-c', 'Observation/fault-3-a']));
    expect(await prove()).toMatchObject({ verdict: 'equal', whole: 2, untold: 2 });
  });
});
