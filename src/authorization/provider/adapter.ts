/**
 * Lets oidc-provider keep its records in our store.
 *
 * What it does as "look, then write" is decided here by one atomic statement: a client assertion's `jti`, an authorization
 * code and a refresh token work once, however many requests bring them at the same moment.
 * @see https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js
 */
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { AuthorizationRecord, AuthorizationStore } from '../../store/authorization.ts';
import type { Revocations } from '../revocations.ts';
import { recordId } from './record-id.ts';

export function createAdapterFactory(store: AuthorizationStore, revocations: Pick<Revocations, 'revoke'>): (model: string) => Adapter {
  return (model) => (model === 'Client' ? clientAdapter(store) : recordAdapter(store, model, revocations));
}

function recordAdapter(store: AuthorizationStore, model: string, revocations: Pick<Revocations, 'revoke'>): Adapter {
  const endGrant = async (grantId: string) => {
    await store.removeGrant(grantId);
    // Several models are told of the end of one grant.
    if (model === 'Grant' || model === 'RefreshToken' || model === 'AuthorizationCode') await revocations.revoke('grant', grantId);
  };
  const idOf = (id: string) => recordId(model, id);
  return {
    async upsert(id, { jti: _, ...payload }, expiresInSeconds) {
      const record = {
        model,
        id: idOf(id),
        payload: withoutSecrets(payload),
        grantId: payload.grantId ?? (model === 'Grant' ? id : undefined),
        uid: payload.uid,
        expiresAt: new Date(Date.now() + (expiresInSeconds ?? 0) * 1000),
      };
      if (id.includes('\0')) throw new errors.InvalidClientAuth('the jti holds U+0000');
      if (model !== 'ReplayDetection') await store.put(record);
      else if (!(await store.insert(record))) throw new errors.InvalidClientAuth('client assertion tokens must only be used once');
    },
    async find(id) {
      const record = await store.find(model, idOf(id));
      return record && { ...payloadOf(record), jti: id };
    },
    async findByUid(uid) {
      const record = await store.findByUid(model, uid);
      return record && payloadOf(record);
    },
    findByUserCode: async () => undefined,
    async consume(id) {
      if (await store.consume(model, idOf(id))) return;
      const record = await store.find(model, idOf(id));
      if (typeof record?.payload.grantId === 'string') await endGrant(record.payload.grantId);
      throw new errors.InvalidGrant('it was used before');
    },
    async destroy(id) {
      await store.remove(model, idOf(id));
      if (model === 'Grant') await revocations.revoke('grant', id);
    },
    revokeByGrantId: endGrant,
  };
}

/** Registered clients: read alone. */
function clientAdapter(store: AuthorizationStore): Adapter {
  const readOnly = async () => undefined;
  return {
    async find(id) {
      const client = await store.client(id);
      return client && { ...client.metadata, client_id: client.id };
    },
    upsert: readOnly,
    findByUid: readOnly,
    findByUserCode: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: readOnly,
  };
}

/** An interaction names the session's cookie, which nobody reads. */
function withoutSecrets({ session, ...payload }: AdapterPayload): Readonly<Record<string, unknown>> {
  if (session === undefined) return payload;
  const { cookie: _, ...kept } = session as { cookie?: string };
  return { ...payload, session: kept };
}

function payloadOf({ payload, consumedAt }: AuthorizationRecord): AdapterPayload {
  return { ...payload, ...(consumedAt && { consumed: Math.floor(consumedAt.getTime() / 1000) }) };
}
