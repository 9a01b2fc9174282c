/** A replica set as the router sees it: its primary, found through any member and followed when it changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'bson';
import { orAfter } from '../../../lifecycle/or-after.ts';
import { isPrimaryChangeCode } from '../errors.ts';
import { CommandError, runCommand } from './command-client.ts';
import { ConnectionPool, type Greeting, type Receiver } from './connection.ts';

/** The connection broke under a request, or no primary was to be found: the outcome is unknown. */
export class ShardUnreachable extends Error {}

const POOL_SIZE = 64;
const PROBE_TIMEOUT_MS = 1_000;
/** An election takes 2–3 s; a busy machine may double that. */
const PATIENCE_MS = 12_000;
/** For how long a secondary that failed is left out. */
const AVOID_MS = 5_000;

export class Shard {
  readonly id: string;
  readonly #addresses: Set<string>;
  readonly #greeting: Greeting | undefined;
  readonly #pools = new Map<string, ConnectionPool>();
  #primary: ConnectionPool | undefined;
  #search: Promise<ConnectionPool> | undefined;
  #isClosed = false;
  readonly #avoidedUntil = new Map<string, number>();
  #turn = 0;

  /** @param greeting what tells its members from strangers; without one everybody is trusted */
  constructor(id: string, addresses: readonly string[], greeting?: Greeting) {
    this.id = id;
    this.#addresses = new Set(addresses);
    this.#greeting = greeting;
  }

  get addresses(): readonly string[] {
    return [...this.#addresses];
  }

  /** The reply of one member, for a cursor that lives there. @throws ShardUnreachable */
  callMember(address: string, message: Buffer): Promise<Buffer> {
    return callOver(this.#poolOf(address), message);
  }

  /** @throws ShardUnreachable if none appears within that time, or 12 s */
  primary(withinMs = PATIENCE_MS): Promise<ConnectionPool> {
    if (this.#primary) return Promise.resolve(this.#primary);
    this.#search ??= this.#findPrimary().finally(() => {
      this.#search = undefined;
    });
    if (withinMs >= PATIENCE_MS) return this.#search;
    return before(withinMs, this.#search, `${this.id} has no primary that can be reached`);
  }

  /** The primary as last seen: no promise on the way of every operation. */
  get knownPrimary(): ConnectionPool | undefined {
    return this.#primary;
  }

  /** A member that is not the primary, one after another; undefined if there is none that has answered lately. */
  secondary(): ConnectionPool | undefined {
    const now = performance.now();
    const isEligible = (address: string) => address !== this.#primary?.address && (this.#avoidedUntil.get(address) ?? 0) < now;
    const eligible = [...this.#addresses].filter(isEligible);
    const address = eligible[this.#turn++ % Math.max(eligible.length, 1)];
    return address === undefined ? undefined : this.#poolOf(address);
  }

  /** To be called when the member did not answer, or not in the role that it was asked in. */
  mistrust(member: ConnectionPool): void {
    if (this.#primary === member) this.#primary = undefined;
    else this.#avoidedUntil.set(member.address, performance.now() + AVOID_MS);
  }

  /**
   * To be called when a member is late. One that is stopped, not dead, keeps its connections and never answers; if the others
   * have elected another primary meanwhile, what waits for the old one fails there and then.
   */
  async reconsider(member: ConnectionPool): Promise<void> {
    const others = [...this.#addresses].filter((address) => address !== member.address);
    const found = await Promise.any(others.map((address) => this.#probe(address))).catch(() => undefined);
    if (!found) return;
    this.#primary = found;
    member.breakAll('another member is the primary now');
  }

  async command(database: string, command: Document): Promise<Document> {
    const member = await this.primary();
    try {
      return await runCommand(member, database, command);
    } catch (error) {
      // Whoever sends it again must not meet the same member again.
      if (error instanceof CommandError && isPrimaryChangeCode(error.code)) this.mistrust(member);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const pool of this.#pools.values()) pool.close();
  }

  #poolOf(address: string): ConnectionPool {
    let pool = this.#pools.get(address);
    if (!pool) {
      pool = new ConnectionPool(address, {
        maxSize: POOL_SIZE,
        greeting: this.#greeting,
        onBroken: () => {
          if (this.#primary?.address === address) this.#primary = undefined;
        },
      });
      this.#pools.set(address, pool);
    }
    return pool;
  }

  async #findPrimary(): Promise<ConnectionPool> {
    for (const giveUpAt = performance.now() + PATIENCE_MS; performance.now() < giveUpAt && !this.#isClosed; ) {
      const found = await Promise.any([...this.#addresses].map((address) => this.#probe(address))).catch(() => undefined);
      if (found) {
        this.#primary = found;
        return found;
      }
      await sleep(50);
    }
    throw new ShardUnreachable(`${this.id} has no primary that can be reached`);
  }

  /** Asks a member who it is and whom else it knows. @throws if it is not the primary */
  async #probe(address: string): Promise<ConnectionPool> {
    const pool = this.#poolOf(address);
    const hello = await orAfter(PROBE_TIMEOUT_MS, runCommand(pool, 'admin', { hello: 1 }), () => {
      throw new Error('no answer');
    });
    for (const host of hello.hosts ?? []) this.#addresses.add(host);
    if (hello.isWritablePrimary !== true) throw new Error('not the primary');
    return pool;
  }
}

/** The reply of a member. @throws ShardUnreachable */
export function callOver(pool: ConnectionPool, message: Buffer): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const receiver: Receiver = {
      onReply: resolve,
      onFailure: (error) => reject(new ShardUnreachable(`${pool.address}: ${error.message}`)),
    };
    pool.send(message, receiver);
  });
}

/** @throws ShardUnreachable when it is too late */
export function before<Result>(withinMs: number, work: Promise<Result>, message: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ShardUnreachable(message)), withinMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
