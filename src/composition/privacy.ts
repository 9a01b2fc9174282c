/** Consents and security labels: kept in step with the stores, and turned into restrictions. */

import { createConsents } from '../access/consent/consents.ts';
import { CONSENT_SCOPES, PRIVACY } from '../access/consent/read-consent.ts';
import { createBearsLabel, mayBeLabelled } from '../access/labels/label-entries.ts';
import { type Clearance, CONFIDENTIALITY_CLEARANCES } from '../access/labels/label-restriction.ts';
import { parseClearances } from '../access/labels/parse-clearances.ts';
import { createMemberships } from '../access/memberships.ts';
import { createPrivacy, type Privacy } from '../access/privacy.ts';
import type { CompileScopeQuery } from '../access/scope-query.ts';
import { createScopeQueries } from '../access/scope-query.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { type ConsentKeeper, createConsentKeeper } from '../jobs/consent-keeper.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import type { SearchRegistry } from '../search/parameters/registry.ts';
import type { SharedLabelUse } from '../store/mongo/gateways/label-use.ts';
import type { ResourceStore } from '../store/store.ts';

export interface PrivacyParts {
  readonly config: Pick<Config, 'baseUrl' | 'consentDefault' | 'securityLabels' | 'breakGlassMinutes'>;
  readonly definitions: Definitions;
  readonly registry: SearchRegistry;
  readonly resources: ResourceStore;
  readonly labelUse: SharedLabelUse;
  readonly tell: (name: string) => void;
  readonly allKnow: (name: string) => Promise<boolean>;
  readonly watermark: () => Promise<number> | number;
  readonly now: () => number;
  readonly log: (message: string, detail: object) => void;
}

export interface OpenPrivacy extends Privacy {
  readonly keeper: ConsentKeeper;
  readonly clearances: readonly Clearance[];
}

/** What gateways tell each other once they heed labels. */
const LABELS_HEEDED = 'labels';

/** Not started yet: nothing is known before the first `keeper.refresh()`. */
export function openPrivacy({ config, definitions, registry, resources, labelUse, tell, allKnow, ...parts }: PrivacyParts): OpenPrivacy {
  const consents = createConsents();
  const isResourceType = (type: string) => definitions.isResourceType(type);
  const clearances = [...CONFIDENTIALITY_CLEARANCES, ...parseClearances(config.securityLabels)];
  const types = definitions.resourceTypes.filter((type) => !isServersOwn(type));
  const labelled = mayBeLabelled(clearances, types);
  const compileQuery = createScopeQueries({ registry, baseUrl: config.baseUrl, now: parts.now });
  const keeper = createConsentKeeper({
    resources,
    consents,
    rules: { baseUrl: config.baseUrl, isResourceType },
    active: compiled(compileQuery, 'Consent', `status=active&${PRIVACY_SCOPE}`),
    labels: {
      ...labelUse,
      isLabelled: async () => (await resources.search({ types, where: labelled, sort: BY_IDENTITY, limit: 1 })).length > 0,
      bearsLabel: createBearsLabel(clearances),
      tell: () => tell(LABELS_HEEDED),
      allKnow: () => allKnow(LABELS_HEEDED),
    },
    watermark: parts.watermark,
    log: parts.log,
  });
  const members = definitions.compartments.Patient ?? {};
  const privacy = createPrivacy({
    consents,
    byDefault: config.consentDefault === 'deny' ? 'deny' : 'permit',
    clearances,
    areLabelsInUse: keeper.areLabelsInUse,
    membershipsOf: createMemberships({ store: resources, compileQuery, baseUrl: config.baseUrl }),
    registry,
    definitions,
    compileQuery,
    privacyConsents: compiled(compileQuery, 'Consent', PRIVACY_SCOPE),
    isPatientMember: (type) => Object.hasOwn(members, type),
    baseUrl: config.baseUrl,
    now: parts.now,
    breakGlassWithinMs: config.breakGlassMinutes * 60_000,
  });
  return { ...privacy, keeper, clearances };
}

/** Also without the system: rather one too many. */
const PRIVACY_SCOPE = `scope=${CONSENT_SCOPES}%7C${PRIVACY},${PRIVACY}`;

const BY_IDENTITY = [{ parameter: '_identity', descending: false }];

function compiled(compileQuery: CompileScopeQuery, type: string, query: string): SearchExpression {
  const where = compileQuery(type, query);
  if (!where) throw new Error(`R4 has no parameters for ${type}?${query}`);
  return where;
}
