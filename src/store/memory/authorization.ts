/** What the authorization server keeps, in memory: for tests of everything above the stores. */
import type { Account, AuthorizationStore, NewRecord, RegisteredClient } from '../authorization.ts';

type Kept = NewRecord & { readonly consumedAt?: Date };

export function createMemoryAuthorizationStore(now: () => number = Date.now): AuthorizationStore {
  const records = new Map<string, Kept>();
  const accounts = new Map<string, Account>();
  const clients = new Map<string, RegisteredClient>();
  const key = (model: string, id: string) => `${model} ${id}`;
  const isAlive = (kept: Kept) => kept.expiresAt.getTime() > now();
  const changeAccount = (id: string, change: (account: Account) => Partial<Account>) => {
    const account = accounts.get(id);
    if (account) accounts.set(id, { ...account, ...change(account) });
  };
  const removeWhere = (test: (kept: Kept) => boolean) => {
    const gone = [...records].filter(([, kept]) => test(kept));
    for (const [name] of gone) records.delete(name);
    return gone.length;
  };

  return {
    async find(model, id) {
      const kept = records.get(key(model, id));
      return kept && isAlive(kept) ? kept : undefined;
    },
    findByUid: async (model, uid) => [...records.values()].find((kept) => kept.model === model && kept.uid === uid && isAlive(kept)),
    alive: async (model) => [...records.values()].filter((kept) => kept.model === model && isAlive(kept)),
    async put(record) {
      const kept = records.get(key(record.model, record.id));
      records.set(key(record.model, record.id), { ...record, ...(kept?.consumedAt && { consumedAt: kept.consumedAt }) });
    },
    async insert(record) {
      if (records.has(key(record.model, record.id))) return false;
      records.set(key(record.model, record.id), record);
      return true;
    },
    async consume(model, id) {
      const kept = records.get(key(model, id));
      if (!kept || kept.consumedAt) return false;
      records.set(key(model, id), { ...kept, consumedAt: new Date(now()) });
      return true;
    },
    async remove(model, id) {
      records.delete(key(model, id));
    },
    async removeGrant(grantId) {
      removeWhere((kept) => kept.grantId === grantId);
    },
    async extend(model, uid, expiresAt) {
      for (const [name, kept] of records) {
        if (kept.model !== model || kept.uid !== uid || kept.expiresAt >= expiresAt) continue;
        records.set(name, { ...kept, expiresAt, payload: { ...kept.payload, exp: Math.floor(expiresAt.getTime() / 1000) } });
      }
    },

    accountByLogin: async (login) => [...accounts.values()].find((account) => account.login === login),
    accountById: async (id) => accounts.get(id),
    accounts: async () => [...accounts.values()].sort((a, b) => (a.login < b.login ? -1 : 1)),
    async addAccount(account) {
      if ([...accounts.values()].some(({ login }) => login === account.login)) return false;
      accounts.set(account.id, account);
      return true;
    },
    async disableAccount(login) {
      const account = [...accounts.values()].find((each) => each.login === login);
      if (!account) return false;
      changeAccount(account.id, () => ({ isDisabled: true }));
      removeWhere(({ payload }) => payload.accountId === account.id);
      return true;
    },
    async countFailure(id, most, lockedUntil) {
      changeAccount(id, ({ failures }) => ({ failures: failures + 1, ...(failures + 1 >= most && { lockedUntil }) }));
    },
    async clearFailures(id) {
      changeAccount(id, () => ({ failures: 0, lockedUntil: undefined }));
    },
    async useTotpStep(id, step) {
      if ((accounts.get(id)?.totpLastStep ?? step) >= step) return false;
      changeAccount(id, () => ({ totpLastStep: step }));
      return true;
    },

    client: async (id) => clients.get(id),
    clients: async () => [...clients.values()],
    async addClient(client) {
      if (clients.has(client.id)) return false;
      clients.set(client.id, client);
      return true;
    },
    async removeClient(id) {
      removeWhere(({ payload }) => payload.clientId === id);
      return clients.delete(id);
    },
    async removeDemo() {
      for (const { id, isDemo } of [...accounts.values()]) if (isDemo) accounts.delete(id);
      for (const { id, isDemo } of [...clients.values()]) if (isDemo) clients.delete(id);
    },
    sweep: async (at) => removeWhere(({ expiresAt }) => expiresAt < at),
  };
}
