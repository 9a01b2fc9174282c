import { hash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { CommitRefused, type Guard } from '../../store.ts';
import { findIds } from '../search/search.ts';
import type { NameStatement } from '../search/statement-names.ts';

/**
 * Locks each condition until the transaction ends (a prepared one: until it is committed or rolled back) and searches again:
 * whoever held the lock before has committed by then, and each statement sees what is committed when it begins.
 * The lock is advisory and on 64 bits of the condition's hash: nothing is stored, and a collision only waits.
 * @throws CommitRefused `guard`
 */
export async function checkGuards(client: PoolClient, guards: readonly Guard[], nameOf: NameStatement): Promise<void> {
  for (const guard of [...guards].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    await client.query({ name: 'guard', text: 'SELECT pg_advisory_xact_lock($1)', values: [lockNumber(guard.key)] });
    // One more than a condition ever expects; a fixed number, so that the statement is the same.
    const found = await findIds(client, { type: guard.type, where: guard.where, limit: 3 }, nameOf);
    const isAsExpected = found.length === guard.expected.length && guard.expected.every((id) => found.includes(id));
    if (!isAsExpected) throw new CommitRefused('guard');
  }
}

function lockNumber(key: string): string {
  return BigInt.asIntN(64, BigInt(`0x${hash('sha1', key, 'hex').slice(0, 16)}`)).toString();
}
