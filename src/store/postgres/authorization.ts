/** What the authorization server keeps, in PostgreSQL. */
import { and, DrizzleQueryError, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Pool } from 'pg';
import type { Account, AuthorizationRecord, AuthorizationStore, NewRecord, RegisteredClient } from '../authorization.ts';
import { translating } from './errors.ts';
import { loginAccount, oauthClient, authorizationRecord as record } from './schema.ts';

/** False for what no column can hold, so that nothing is kept under it. */
const canBeHeld = (text: string): boolean => !text.includes('\0');

/** The database must be migrated. `pool` is for short statements. */
export function createAuthorizationStore(pool: Pool): AuthorizationStore {
  const db = drizzle(pool);
  const named = (model: string, id: string) => and(eq(record.model, model), eq(record.id, id));
  const alive = () => gt(record.expiresAt, new Date());

  const statements: AuthorizationStore = {
    async find(model, id) {
      if (!canBeHeld(id)) return undefined;
      const [row] = await db
        .select()
        .from(record)
        .where(and(named(model, id), alive()));
      return row && recordOf(row);
    },
    async findByUid(model, uid) {
      if (!canBeHeld(uid)) return undefined;
      const [row] = await db
        .select()
        .from(record)
        .where(and(eq(record.model, model), eq(record.uid, uid), alive()));
      return row && recordOf(row);
    },
    async alive(model) {
      const rows = await db
        .select()
        .from(record)
        .where(and(eq(record.model, model), alive()));
      return rows.map((row) => ({ ...recordOf(row), id: row.id }));
    },
    async put(made) {
      const row = rowOf(made);
      await db
        .insert(record)
        .values(row)
        .onConflictDoUpdate({ target: [record.model, record.id], set: row });
    },
    async insert(made) {
      const { rowCount } = await db.insert(record).values(rowOf(made)).onConflictDoNothing();
      return rowCount === 1;
    },
    async consume(model, id) {
      const { rowCount } = await db
        .update(record)
        .set({ consumedAt: new Date() })
        .where(and(named(model, id), isNull(record.consumedAt)));
      return rowCount === 1;
    },
    async remove(model, id) {
      await db.delete(record).where(named(model, id));
    },
    async removeGrant(grantId) {
      await db.delete(record).where(eq(record.grantId, grantId));
    },
    async extend(model, uid, expiresAt) {
      const exp = Math.floor(expiresAt.getTime() / 1000);
      await db
        .update(record)
        .set({ expiresAt, payload: sql`jsonb_set(${record.payload}, '{exp}', to_jsonb(${exp}::bigint))` })
        .where(and(eq(record.model, model), eq(record.uid, uid), lt(record.expiresAt, expiresAt)));
    },

    async accountByLogin(login) {
      if (!canBeHeld(login)) return undefined;
      const [row] = await db.select().from(loginAccount).where(eq(loginAccount.login, login));
      return row && accountOf(row);
    },
    async accountById(id) {
      const [row] = await db.select().from(loginAccount).where(eq(loginAccount.id, id));
      return row && accountOf(row);
    },
    async accounts() {
      return (await db.select().from(loginAccount).orderBy(loginAccount.login)).map(accountOf);
    },
    async addAccount(account) {
      return (await db.insert(loginAccount).values(account).onConflictDoNothing()).rowCount === 1;
    },
    async disableAccount(login) {
      const [row] = await db
        .update(loginAccount)
        .set({ isDisabled: true })
        .where(eq(loginAccount.login, login))
        .returning({ id: loginAccount.id });
      if (row) await db.delete(record).where(sql`${record.payload} ->> 'accountId' = ${row.id}`);
      return row !== undefined;
    },
    async countFailure(id, most, lockedUntil) {
      const locked = sql`CASE WHEN ${loginAccount.failures} + 1 >= ${most}::integer THEN ${lockedUntil.toISOString()}::timestamptz ELSE ${loginAccount.lockedUntil} END`;
      await db
        .update(loginAccount)
        .set({ failures: sql`${loginAccount.failures} + 1`, lockedUntil: locked })
        .where(eq(loginAccount.id, id));
    },
    async clearFailures(id) {
      await db.update(loginAccount).set({ failures: 0, lockedUntil: null }).where(eq(loginAccount.id, id));
    },
    async useTotpStep(id, step) {
      const { rowCount } = await db
        .update(loginAccount)
        .set({ totpLastStep: step })
        .where(and(eq(loginAccount.id, id), lt(loginAccount.totpLastStep, step)));
      return rowCount === 1;
    },

    async client(id) {
      if (!canBeHeld(id)) return undefined;
      const [row] = await db.select().from(oauthClient).where(eq(oauthClient.id, id));
      return row;
    },
    clients: async (): Promise<readonly RegisteredClient[]> => db.select().from(oauthClient).orderBy(oauthClient.id),
    async addClient(client) {
      return (await db.insert(oauthClient).values(client).onConflictDoNothing()).rowCount === 1;
    },
    async removeClient(id) {
      const { rowCount } = await db.delete(oauthClient).where(eq(oauthClient.id, id));
      await db.delete(record).where(sql`${record.payload} ->> 'clientId' = ${id}`);
      return rowCount === 1;
    },
    async removeDemo() {
      const demo = await db.delete(loginAccount).where(eq(loginAccount.isDemo, true)).returning({ id: loginAccount.id });
      const apps = await db.delete(oauthClient).where(eq(oauthClient.isDemo, true)).returning({ id: oauthClient.id });
      for (const { id } of [...demo, ...apps]) {
        await db.delete(record).where(or(sql`${record.payload} ->> 'accountId' = ${id}`, sql`${record.payload} ->> 'clientId' = ${id}`));
      }
    },
    async sweep(now) {
      return (await db.delete(record).where(lt(record.expiresAt, now))).rowCount ?? 0;
    },
  };
  return translated(statements);
}

/** Driver errors become FhirErrors in every method. */
function translated(store: AuthorizationStore): AuthorizationStore {
  const wrap =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    (...args: Args) =>
      translating(() =>
        method(...args).catch((error: unknown) => Promise.reject(error instanceof DrizzleQueryError ? error.cause : error)),
      );
  return Object.fromEntries(Object.entries(store).map(([name, method]) => [name, wrap(method)])) as unknown as AuthorizationStore;
}

function rowOf({ model, id, payload, grantId, uid, expiresAt }: NewRecord) {
  return { model, id, payload, grantId: grantId ?? null, uid: uid ?? null, expiresAt };
}

function recordOf({ payload, consumedAt, expiresAt }: typeof record.$inferSelect): AuthorizationRecord {
  return { payload, expiresAt, ...(consumedAt && { consumedAt }) };
}

function accountOf({ fhirUser, totpSecret, lockedUntil, ...row }: typeof loginAccount.$inferSelect): Account {
  return { ...row, ...(fhirUser && { fhirUser }), ...(totpSecret && { totpSecret }), ...(lockedUntil && { lockedUntil }) };
}
