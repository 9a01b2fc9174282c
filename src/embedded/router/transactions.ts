/** Transactions over the shards: who takes part, what each shard's first statement must carry, and how they end. */
import type { Document } from 'bson';
import { CODE, Refusal } from './errors.ts';
import { elementsAsBytes } from './routing-table.ts';
import { documentAt } from './shards/command-client.ts';
import { booleanElement, isTrue } from './wire/bson-bytes.ts';
import type { Reply } from './wire/reply.ts';
import type { Request } from './wire/request.ts';

interface Participant {
  /** What its last reply said; a shard that only read commits without a vote. */
  isReadOnly: boolean;
}

export interface Transaction {
  readonly number: bigint;
  /** In the order in which they joined: the first one coordinates. */
  readonly participants: Map<string, Participant>;
  /** The read concern of the first statement, for every shard's first statement. */
  readonly readConcern: Document | undefined;
}

/** What a statement's own fields are replaced by, shard for shard. */
export const TRANSACTION_FIELDS = ['startTransaction', 'readConcern', 'coordinator'] as const;

const START = booleanElement('startTransaction', true);
const COORDINATE = booleanElement('coordinator', true);
const MAX_REMEMBERED = 20_000;

/** The elements that make a statement the shard's first of the transaction, or none. Takes the shard in as a participant. */
export function join(transaction: Transaction, shard: string): readonly Uint8Array[] {
  if (transaction.participants.has(shard)) return [];
  const isFirst = transaction.participants.size === 0;
  transaction.participants.set(shard, { isReadOnly: true });
  return [START, ...readConcernOf(transaction, isFirst), ...(isFirst ? [COORDINATE] : [])];
}

/**
 * A shard that joins later must not look at an older state than those before it: a commit over both that the first one shows
 * must show there too. With level "snapshot" it may not, as each shard would choose a time of its own. With "local" the
 * shard opens its newest state, waits at documents of a commit that is under way, and then sees them. What was read is
 * a majority's by the time of the commit either way.
 */
function readConcernOf({ readConcern }: Transaction, isFirst: boolean): Uint8Array[] {
  if (!readConcern) return [];
  return elementsAsBytes({ readConcern: isFirst ? readConcern : { ...readConcern, level: 'local' } });
}

/** Takes note of whether the shard has written. */
export function noteReply(transaction: Transaction, shard: string, { message, fields }: Reply): void {
  const readOnly = fields.get('readOnly');
  const participant = transaction.participants.get(shard);
  if (participant && readOnly && !isTrue(message, readOnly)) participant.isReadOnly = false;
}

function sessionKeyOf({ message, fields }: Request): string | undefined {
  const lsid = fields.get('lsid');
  // {id: binary(16)}: 4 bytes of size, type, "id\0", 4 of length, subtype, then the 16 bytes.
  return lsid && message.toString('latin1', lsid.value + 13, lsid.value + 29);
}

function transactionNumberOf({ message, fields }: Request): bigint {
  const element = fields.get('txnNumber');
  return element ? message.readBigInt64LE(element.value) : -1n;
}

export class Transactions {
  readonly #bySession = new Map<string, Transaction>();

  /**
   * The transaction that the statement belongs to: a new one if it says so; undefined for a statement outside of any.
   * @throws Refusal NoSuchTransaction
   */
  of(request: Request): Transaction | undefined {
    if (!request.fields.has('autocommit')) return undefined;
    const key = sessionKeyOf(request) ?? '';
    const number = transactionNumberOf(request);
    if (isTrue(request.message, request.fields.get('startTransaction'))) return this.#start(key, number, request);
    const transaction = this.#bySession.get(key);
    if (transaction?.number === number) return transaction;
    // A transaction that we don't know (we were started again) may have been committed: only its outcome can tell.
    const label = request.name === 'commitTransaction' ? 'UnknownTransactionCommitResult' : 'TransientTransactionError';
    throw new Refusal(CODE.noSuchTransaction, `no transaction ${number} is under way in this session`, [label]);
  }

  /** The session is over: nothing will be asked about its transaction any more. */
  forget(key: string): void {
    this.#bySession.delete(key);
  }

  #start(key: string, number: bigint, { message, fields }: Request): Transaction {
    const readConcern = fields.get('readConcern');
    const transaction: Transaction = {
      number,
      participants: new Map(),
      readConcern: readConcern && documentAt(message, readConcern.value),
    };
    this.#bySession.delete(key);
    this.#bySession.set(key, transaction);
    // Maps keep their order: the first key is the session whose transaction began longest ago.
    if (this.#bySession.size > MAX_REMEMBERED) this.#bySession.delete(this.#bySession.keys().next().value ?? '');
    return transaction;
  }
}
