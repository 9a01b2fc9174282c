/** The embedded authorization server on this gateway's stores. */
import { openLocalIssuer } from '../access/local-key.ts';
import type { Audit } from '../audit/audit.ts';
import { type AuthorizationInteraction, authorizationRecord, patientsShownRecord } from '../audit/authorization.ts';
import { addDemo, DEMO_RESOURCES } from '../authorization/demo.ts';
import { type AuthorizationServer, openAuthorizationServer } from '../authorization/open.ts';
import type { Revocations } from '../authorization/revocations.ts';
import { scopesByRole } from '../authorization/scopes/privacy-scopes.ts';
import type { AuthorizationEvent } from '../authorization/settings.ts';
import { hasDemo } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { TOKEN_POINTS } from '../http/guard-authorization.ts';
import { callerOf } from '../http/middleware/caller.ts';
import type { RateLimits } from '../http/middleware/rate-limit.ts';
import { createPatientFinder, putIfMissing } from '../interactions/inner/find-patients.ts';
import type { InnerRequests } from '../interactions/inner/inner-request.ts';
import type { PostgresStore } from '../store/postgres/postgres-store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ownIssuer } from './tokens.ts';

/** What of the authorization server's doings is put on record, and with which status: what can't be does not happen. */
const DEEDS: Readonly<Record<Exclude<AuthorizationEvent['kind'], 'error'>, readonly [AuthorizationInteraction, number]>> = {
  login: ['login', 200],
  'login-refused': ['login', 401],
  logout: ['logout', 200],
  grant: ['consent', 200],
  refused: ['consent', 403],
  token: ['token', 200],
  'token-refused': ['token', 401],
  revoked: ['revocation', 200],
};

interface AuthorizationParts {
  readonly config: Config;
  readonly log: Logger;
  readonly definitions: Pick<Definitions, 'isResourceType'>;
  readonly administrative: Pick<PostgresStore, 'authorization'>;
  readonly revocations: Revocations;
  readonly rates: RateLimits;
  readonly audit: Audit | undefined;
  /** What is put together later, and asked for when the server is used. */
  readonly inner: () => InnerRequests;
  readonly operationNames: () => readonly string[];
}

/** The embedded authorization server; demo accounts only where nobody but this machine can reach them. */
export async function openAuthorization(parts: AuthorizationParts): Promise<AuthorizationServer> {
  const { config, log, audit, inner } = parts;
  const store = parts.administrative.authorization;
  const allowDemo = hasDemo(config);
  if (!allowDemo) await store.removeDemo();
  return openAuthorizationServer({
    store,
    issuer: await openLocalIssuer(config.dataDir),
    revocations: parts.revocations,
    issuerUrl: ownIssuer(config),
    fhirBaseUrl: config.audience,
    isResourceType: (type) => parts.definitions.isResourceType(type),
    operations: parts.operationNames,
    scopesByRole: scopesByRole(config),
    findPatients: async (text, user) => {
      const found = await createPatientFinder(inner()).find(text, user);
      const ids = found.patients.map(({ id }) => id);
      audit?.keep(patientsShownRecord(user.login, text, ids));
      return found;
    },
    readPatient: async (id, user) => {
      const patient = await createPatientFinder(inner()).read(id, user);
      if (patient) audit?.keep(patientsShownRecord(user.login, '', [id]));
      return patient;
    },
    addressOf: (incoming) => callerOf(incoming, config),
    privateKeyOrigins: config.privateKeyOrigins.map((url) => new URL(url).origin),
    allowDemo,
    beforeFirstUse: async () => {
      if (!allowDemo) return;
      await addDemo(store);
      for (const resource of DEMO_RESOURCES) await putIfMissing(inner(), resource);
    },
    now: Date.now,
    // By address too: a client id is no secret, and nobody else must be able to use it up.
    chargeClient: (address, client) => parts.rates.chargeAuthorization('client', `${address} ${client}`, TOKEN_POINTS),
    report: ({ kind, error, ...event }: AuthorizationEvent) => {
      if (kind === 'error') {
        log.error('the authorization server failed', { error });
        return;
      }
      const { patient: _, ...told } = event;
      log.info(`authorization: ${kind}`, told);
      audit?.keep(authorizationRecord(...DEEDS[kind], event));
    },
  });
}
