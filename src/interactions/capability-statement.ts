/**
 * The CapabilityStatement, made from the registries that also make the routes.
 * @see https://hl7.org/fhir/R4/capabilitystatement.html
 */
import { hash } from 'node:crypto';
import { isSearchable } from '../search/param-types/criterion.ts';
import { referenceCodes } from '../search/request/join.ts';
import type { DescribedOperation, InteractionServices, OauthUris } from './context.ts';
import { interactionsOffered, mayBe } from './route.ts';

interface Capabilities {
  readonly text: string;
  readonly etag: string;
}

/** A function from base URL to statement; the last one made is kept. */
export function capabilityStatement(
  services: InteractionServices,
  operations: readonly DescribedOperation[],
): (baseUrl: string) => Capabilities {
  const { registry } = services.search;
  let last: (Capabilities & { readonly baseUrl: string; readonly revision: number }) | undefined;
  return (baseUrl) => {
    const revision = registry.revision();
    if (last?.baseUrl === baseUrl && last.revision === revision) return last;
    const text = JSON.stringify({ ...head(services, baseUrl), rest: [restOf(services, operations)] });
    last = { baseUrl, revision, text, etag: `W/"${hash('sha1', text, 'hex').slice(0, 16)}"` };
    return last;
  };
}

function head({ software }: InteractionServices, baseUrl: string): object {
  return {
    resourceType: 'CapabilityStatement',
    name: software.name,
    status: 'active',
    date: software.releaseDate,
    kind: 'instance',
    software: { name: software.name, version: software.version },
    implementation: { description: `${software.name}, a FHIR R4 gateway`, url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
    patchFormat: ['application/json-patch+json', 'application/fhir+json', 'application/fhir+xml'],
  };
}

function restOf(services: InteractionServices, operations: readonly DescribedOperation[]): object {
  const { type, system } = interactionsOffered();
  const referrers = referrersByType(services);
  const systemOperations = operations.filter(({ isSystem }) => isSystem).map(operationRef);
  return {
    mode: 'server',
    documentation: services.referentialIntegrity
      ? 'A resource that others refer to can not be deleted (409).'
      : 'A resource that others refer to can be deleted; the references then lead to 410.',
    security: securityOf(services),
    resource: services.definitions.resourceTypes.map((name) => ({
      type: name,
      interaction: type.filter((code) => mayBe(code, name)).map((code) => ({ code })),
      versioning: 'versioned-update',
      readHistory: true,
      updateCreate: mayBe('update', name),
      conditionalCreate: mayBe('create', name),
      conditionalRead: 'full-support',
      conditionalUpdate: mayBe('update', name),
      conditionalDelete: mayBe('delete', name) ? 'multiple' : 'not-supported',
      referencePolicy: ['literal', 'logical', ...(services.referentialIntegrity ? ['enforced'] : [])],
      ...listed('searchParam', searchParametersOf(services, name)),
      searchInclude: ['*', ...includesOf(services, name)],
      searchRevInclude: ['*', ...(referrers.get(name) ?? [])],
      ...listed('operation', operations.filter(({ types }) => types.includes(name) || types.includes('Resource')).map(operationRef)),
    })),
    interaction: system.map((code) => ({ code })),
    ...listed('operation', systemOperations),
    compartment: Object.keys(services.definitions.compartments).map(
      (name) => `http://hl7.org/fhir/CompartmentDefinition/${name.toLowerCase()}`,
    ),
  };
}

/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#declaring-support-for-oauth2-endpoints */
function securityOf({ oauth, isCors = false }: InteractionServices): object {
  const description = 'Bearer tokens (JWT) with SMART scopes; metadata needs none.';
  if (!oauth) return { cors: isCors, description };
  const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' }];
  return { extension: [oauthUris(oauth)], cors: isCors, service: [{ coding }], description };
}

function oauthUris({ authorization, token, introspection, revocation }: OauthUris): object {
  const part = (url: string, valueUri: string) => ({ url, valueUri });
  return {
    url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
    extension: [part('authorize', authorization), part('token', token), part('introspect', introspection), part('revoke', revocation)],
  };
}

function searchParametersOf({ search }: InteractionServices, type: string): object[] {
  return search.registry
    .parametersOf(type)
    .filter(isSearchable)
    .map(({ code, type, url }) => ({ name: code, definition: url, type }));
}

const includesOf = ({ search }: InteractionServices, type: string) =>
  referenceCodes(type, search.registry).map((code) => `${type}:${code}`);

/** For each type, what `_revinclude` can name: the references of all types that lead to it. */
function referrersByType({ search: { registry }, definitions }: InteractionServices): ReadonlyMap<string, readonly string[]> {
  const byType = new Map<string, string[]>();
  for (const source of definitions.resourceTypes) {
    for (const code of referenceCodes(source, registry)) {
      for (const target of registry.parameter(source, code)?.targets ?? []) {
        const known = byType.get(target);
        if (known) known.push(`${source}:${code}`);
        else byType.set(target, [`${source}:${code}`]);
      }
    }
  }
  return byType;
}

const operationRef = ({ name, definition }: DescribedOperation) => ({ name, definition });

/** FHIR has no empty lists. */
const listed = (name: string, values: readonly object[]): object => (values.length > 0 ? { [name]: values } : {});
