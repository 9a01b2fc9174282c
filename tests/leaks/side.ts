/** One side of the comparison: the interactions over one store, asked in process, everything that differs by chance held still. */
import { decideBy } from '../../src/access/decide-by.ts';
import type { AccessDecision } from '../../src/access/decision.ts';
import type { GuardedStore } from '../../src/access/guarded-store.ts';
import type { Principal } from '../../src/access/principal.ts';
import { parseScopes } from '../../src/access/scopes.ts';
import { assembleContext } from '../../src/interactions/assemble.ts';
import type { InteractionContext, InteractionServices } from '../../src/interactions/context.ts';
import { dispatch } from '../../src/interactions/dispatch.ts';
import type { FhirRequest, RequestBody } from '../../src/interactions/request.ts';
import { findRoute, type Method } from '../../src/interactions/route.ts';
import { FhirError, invalidValue } from '../../src/model/error.ts';
import { aggregate } from '../../src/operations/aggregate.ts';
import { createDeidentifyOperation } from '../../src/operations/de-identify.ts';
import { encounterEverything, patientEverything } from '../../src/operations/everything.ts';
import { observationLastn } from '../../src/operations/observation-lastn.ts';
import { createOperationRegistry } from '../../src/operations/registry.ts';
import { validate } from '../../src/operations/validate.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { createRestrictions, type Restrictions } from './restricted.ts';

/** A request as a client writes it. */
export interface Ask {
  readonly channel: string;
  readonly method: Method;
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: RequestBody;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly ifNoneExist?: string;
  /** `Prefer: return`. */
  readonly prefer?: 'minimal' | 'representation' | 'OperationOutcome';
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export type Who = { readonly scope: string; readonly restrictedBy?: 'consent' | 'data' | 'labels' } & Partial<
  Pick<Principal, 'patient' | 'fhirUser'>
>;

export interface Side {
  readonly context: InteractionContext;
  /** To be told before a token is asked that is restricted by `data`. */
  readonly denyPieces: Restrictions['denyPieces'];
  ask(ask: Ask, who: Who): Promise<Told>;
}

const DEIDENTIFICATION_KEY = Buffer.alloc(32, 7);
const BASE_URL = 'http://localhost/fhir/R4';
/** Tokens that say what they hold, so that two cursors are equal if they lead to the same place. */
const OPEN_TOKENS: InteractionContext['pageTokens'] = {
  seal: (content) => Buffer.from(JSON.stringify(content)).toString('base64url'),
  open: (token) => {
    try {
      return JSON.parse(Buffer.from(token, 'base64url').toString());
    } catch {
      throw invalidValue('the page token is not one that this server gave', '_page');
    }
  },
};

export type Tamper = (guarded: GuardedStore, raw: ResourceStore) => GuardedStore;

/** @param tamper puts a hole into the guard, to see that it is found */
export function createSide(store: ResourceStore, services: InteractionServices, tamper: Tamper = (guarded) => guarded): Side {
  let ids = 0;
  let stamps = Date.UTC(2025, 0);
  const operations = createOperationRegistry([
    validate,
    patientEverything,
    encounterEverything,
    observationLastn,
    aggregate,
    createDeidentifyOperation(services.definitions, DEIDENTIFICATION_KEY),
  ]);
  const context = assembleContext(
    {
      ...services,
      store,
      pageTokens: OPEN_TOKENS,
      now: () => Date.UTC(2025, 1),
      newUlid: () => `01${String(++ids).padStart(24, '0')}`,
      beginWrite: (previousAt = 0) => {
        stamps = Math.max(stamps + 1, previousAt + 1);
        return { at: stamps, end: () => {} };
      },
      watermark: () => Date.UTC(2026, 0),
      // One entry after the other: stamps and ids come in one order.
      limits: { ...services.limits, batchConcurrency: 1 },
    },
    operations.described,
    operations.find,
  );
  const inside: InteractionContext = {
    ...context,
    store: tamper(context.store, store),
    dispatch: (request) => dispatch(request, inside),
  };
  const decide = decideBy(services.definitions, services.search);
  const decisions = new Map<string, AccessDecision>();
  const { restrictionsOf, denyPieces } = createRestrictions(services);
  const accessOf = async (who: Who): Promise<AccessDecision> => {
    const name = JSON.stringify(who);
    const known = decisions.get(name);
    if (known) return known;
    const scopes = parseScopes(who.scope, services.definitions.isResourceType);
    const principal = { ...who, scopes, client: 'app', subject: name, issuer: 'i', expiresAt: 0 };
    const made = decide(principal, await restrictionsOf(principal, who.restrictedBy));
    decisions.set(name, made);
    return made;
  };
  return {
    context: inside,
    denyPieces,
    async ask(ask, who) {
      try {
        const { status, headers, body } = await dispatch(requestOf(ask, await accessOf(who), inside), inside);
        return { status, headers, text: body === undefined ? '' : body.kind === 'fhir' ? body.text : Buffer.from(body.bytes).toString() };
      } catch (error) {
        if (!(error instanceof FhirError)) throw error;
        return { status: error.status, headers: error.headers, text: JSON.stringify(error.issues) };
      }
    },
  };
}

function requestOf(
  { method, path, query = [], body, ifMatch, ifNoneMatch, ifNoneExist, prefer }: Ask,
  access: AccessDecision,
  context: InteractionContext,
): FhirRequest {
  const route = findRoute(method, path, {
    isResourceType: (type) => context.definitions.isResourceType(type),
    findOperation: context.findOperation,
  });
  return {
    ...route,
    method,
    path,
    query,
    prefer: prefer ? { return: prefer } : {},
    ...(body && { body }),
    ...(ifMatch && { ifMatch }),
    ...(ifNoneMatch && { ifNoneMatch }),
    ...(ifNoneExist && { ifNoneExist }),
    acceptsFhirOnly: false,
    access,
    by: { client: 'app', subject: 's', request: 'r' },
    baseUrl: BASE_URL,
  };
}
