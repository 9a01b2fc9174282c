/** What the interactions work with, as the configuration says. */
import manifest from '../../package.json' with { type: 'json' };
import { createAuthors } from '../access/consent/authors.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { DEFAULT_LIMITS, type InteractionServices } from '../interactions/context.ts';
import { zonesBy } from '../interactions/write/regions.ts';
import { withConsentRules } from '../jobs/consent-rules.ts';
import { withParameterRules } from '../jobs/parameter-rules.ts';
import type { SearchRegistry } from '../search/parameters/registry.ts';
import { createPageTokens } from '../search/plan/page-token.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createValidator } from '../validation/validate.ts';
import type { Commits } from './commits.ts';
import type { Resources } from './resources.ts';

interface ServiceParts extends Pick<InteractionServices, 'store' | 'search' | 'newUlid' | 'records' | 'trace'> {
  readonly config: Config;
  readonly definitions: Definitions;
  readonly log: Logger;
  readonly commits: Pick<Commits, 'clock'>;
  readonly resources: Pick<Resources, 'keeper' | 'live' | 'parameterRules'>;
  /** The same on all gateways, at least 32 bytes. */
  readonly secret: Uint8Array;
  readonly oauth: InteractionServices['oauth'];
}

/** How searches are read: their parameters, and how much one may ask for. */
export function searchSettings(config: Config, registry: SearchRegistry): InteractionServices['search'] {
  return {
    registry,
    baseUrl: config.baseUrl,
    now: Date.now,
    mostHops: config.maxChainHops,
    mostAlternatives: config.maxSearchAlternatives,
  };
}

export function interactionServices({
  config,
  definitions,
  commits,
  resources,
  secret,
  oauth,
  ...parts
}: ServiceParts): InteractionServices {
  const untoldAuthors = createAuthors(resources.live.registry, definitions).untold;
  const isResourceType = (type: string) => definitions.isResourceType(type);
  const ofParameters = withParameterRules(createValidator(definitions), resources.parameterRules, resources.keeper.registered);
  return {
    ...parts,
    definitions,
    validator: withConsentRules(ofParameters, { baseUrl: config.baseUrl, isResourceType, untoldAuthors }),
    indexer: resources.live.indexer,
    pageTokens: createPageTokens(secret),
    now: Date.now,
    ...(config.regions.length > 0 && { zoneOf: zonesBy(config.regions) }),
    beginWrite: commits.clock.beginWrite,
    watermark: commits.clock.watermark,
    limits: {
      ...DEFAULT_LIMITS,
      maxDepth: config.maxJsonDepth,
      maxBundleEntries: config.maxBundleEntries,
      maxSearchParameters: config.maxSearchParameters,
    },
    software: { name: 'Meridian', version: manifest.version, releaseDate: manifest.releaseDate },
    referentialIntegrity: config.referentialIntegrity === 'enforce',
    isCors: config.corsOrigins.length > 0,
    ...(oauth && { oauth }),
  };
}
