/**
 * What ends access tokens before their time: the token's own revocation (RFC 7009), the end of its grant, an account that
 * was disabled, a client that was removed.
 *
 * Kept as records that live as long as the tokens they end, some quarter of an hour, so the list stays short. The gateway
 * that is told acts at once; the others read the list every second.
 */
import type { RevokedTokens } from '../access/revoked.ts';
import type { AuthorizationStore, NewRecord } from '../store/authorization.ts';
import { LIFETIMES } from './settings.ts';

const MODEL = 'RevokedToken';
/** Beyond the end of the tokens: clocks differ. */
const MARGIN_MS = 60_000;
const LONGEST_TOKEN_MS = Math.max(LIFETIMES.accessToken, LIFETIMES.serviceToken) * 1000;

type RevokedKind = 'token' | 'grant' | 'user' | 'client';

export interface Revocations extends RevokedTokens {
  /** Ends tokens by what they carry. `endsAt`: when the last of them would end anyway; milliseconds since 1970. */
  revoke(kind: RevokedKind, id: string, endsAt?: number): Promise<void>;
  /** Reads what the other gateways revoked. */
  refresh(): Promise<void>;
}

export function createRevocations(store: Pick<AuthorizationStore, 'put' | 'alive'>, now: () => number): Revocations {
  /** By name, until when tokens were issued that it ends; milliseconds since 1970. */
  let revoked: ReadonlyMap<string, number> = new Map();
  let revision = 0;

  function learn(list: ReadonlyMap<string, number>): void {
    const isMore = [...list].some(([name, at]) => revoked.get(name) !== at);
    revoked = list;
    if (isMore) revision++;
  }

  return {
    revision: () => revision,
    isRevoked({ tokenId, grant, subject, client, issuedAt = 0 }) {
      if (revoked.size === 0) return false;
      const isEnded = (kind: RevokedKind, id: string | undefined) =>
        id !== undefined && issuedAt <= (revoked.get(`${kind} ${id}`) ?? Number.NEGATIVE_INFINITY);
      return isEnded('token', tokenId) || isEnded('grant', grant) || isEnded('user', subject) || isEnded('client', client);
    },
    async revoke(kind, id, endsAt) {
      const record = revocationOf(kind, id, now(), endsAt);
      await store.put(record);
      learn(new Map([...revoked, [record.id, now()]]));
    },
    async refresh() {
      const records = await store.alive(MODEL);
      learn(new Map(records.map(({ id, payload }) => [id, Number(payload.at)])));
    },
  };
}

/** The record that ends these tokens, for whoever writes it without a gateway. */
function revocationOf(kind: RevokedKind, id: string, at: number, endsAt = at + LONGEST_TOKEN_MS): NewRecord {
  return { model: MODEL, id: `${kind} ${id}`, payload: { at }, expiresAt: new Date(endsAt + MARGIN_MS) };
}

/** Disables an account, and ends its sessions, grants and tokens. False if there is none. */
export async function endAccount(store: AuthorizationStore, login: string, now: number): Promise<boolean> {
  const account = await store.accountByLogin(login);
  if (!account || !(await store.disableAccount(login))) return false;
  await store.put(revocationOf('user', account.id, now));
  return true;
}

/** Removes a client, and ends what was granted to it. False if there is none. */
export async function endClient(store: AuthorizationStore, id: string, now: number): Promise<boolean> {
  if (!(await store.removeClient(id))) return false;
  await store.put(revocationOf('client', id, now));
  return true;
}
