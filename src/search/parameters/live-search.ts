/**
 * Registry and indexer over parameters that come and go while the gateway runs: everyone keeps the same two objects, and
 * what they answer changes. A parameter that is still being indexed is written for every resource but answers no search.
 */
import type { SearchParameterDefinition } from '../../definitions/definitions.ts';
import { conflict, unsupportedParameter } from '../../model/error.ts';
import type { IdentifierForms } from './identifier-forms.ts';
import { createIndexer, type Indexer, type IndexerOptions } from './indexer.ts';
import { createSearchRegistry, type SearchDefinitions, type SearchParameter, type SearchRegistry } from './registry.ts';

export interface UsedParameter {
  /** Another one for each version of the parameter. */
  readonly name: string;
  readonly definition: SearchParameterDefinition;
  /** Percent of the resources whose entries are there; undefined when all are. */
  readonly coverage: number | undefined;
  /** Why it is neither indexed nor searched, as its search tells. */
  readonly refused?: string;
}

interface LiveSearchOptions extends IndexerOptions {
  /** How the values of Identifiers are indexed; as they are if nothing else is said. */
  readonly identifiers?: IdentifierForms | undefined;
}

export interface LiveSearch {
  /** For searches. */
  readonly registry: SearchRegistry;
  /** For writes. */
  readonly indexer: Indexer;
  /** True if the entries of this parameter are those of others on every type, so that there is nothing to index. */
  isCovered(parameter: SearchParameterDefinition, types: readonly string[]): boolean;
  use(parameters: readonly UsedParameter[]): void;
}

export function createLiveSearch(definitions: SearchDefinitions, options: LiveSearchOptions): LiveSearch {
  const make = (parameters: readonly UsedParameter[]) => createSearchRegistry(definitions, definitionsOf(parameters), options.identifiers);
  let searched = make([]);
  let indexer = createIndexer(searched, definitions, options);
  let used: readonly UsedParameter[] = [];
  let revision = 0;

  function use(parameters: readonly UsedParameter[]): void {
    const before = used;
    used = parameters;
    if (namesOf(before) !== namesOf(parameters)) indexer = createIndexer(make(parameters), definitions, options);
    if (namesOf(complete(before)) === namesOf(complete(parameters))) return;
    searched = make(complete(parameters));
    revision++;
  }

  return {
    registry: {
      parameter: (type, code) => searched.parameter(type, code) ?? refuseUnready(used, type, code, definitions),
      codesOf: (type) => searched.codesOf(type),
      parametersOf: (type) => searched.parametersOf(type),
      compartmentCodes: (type) => searched.compartmentCodes(type),
      compartmentPrefixes: (type) => searched.compartmentPrefixes(type),
      unit: (code) => searched.unit(code),
      identifiers: searched.identifiers,
      codeSet: (id) => searched.codeSet(id),
      revision: () => revision,
    },
    indexer: {
      entries: (resource, key) => indexer.entries(resource, key),
      entriesOf: (codes, resource, key) => indexer.entriesOf(codes, resource, key),
      patients: (resource, key) => indexer.patients(resource, key),
    },
    isCovered(parameter, types) {
      const registry = createSearchRegistry(definitions, [parameter]);
      return types.every((type) => keepsNothing(registry.parameter(type, parameter.code)));
    },
    use,
  };
}

const definitionsOf = (parameters: readonly UsedParameter[]) =>
  parameters.filter(({ refused }) => refused === undefined).map(({ definition }) => definition);
const complete = (parameters: readonly UsedParameter[]) =>
  parameters.filter(({ coverage, refused }) => coverage === undefined && refused === undefined);
const namesOf = (parameters: readonly UsedParameter[]) => JSON.stringify(parameters.map(({ name }) => name));

const keepsNothing = (parameter: SearchParameter | undefined) =>
  parameter === undefined || parameter.paths.length === 0 || parameter.storedAs.every(({ code }) => code !== parameter.code);

/** @throws FhirError 409 that tells how far the index is, 400 that tells why it has none of this parameter */
function refuseUnready(used: readonly UsedParameter[], type: string, code: string, definitions: SearchDefinitions): undefined {
  if (used.length === 0) return undefined;
  const pending = used.find(({ definition }) => definition.code === code && appliesTo(definition, type, definitions));
  if (pending?.refused !== undefined) throw unsupportedParameter(`the search parameter "${code}" is not used: ${pending.refused}`, code);
  if (pending?.coverage === undefined) return undefined;
  throw conflict(
    `the search parameter "${code}" is being indexed: ${pending.coverage} % of the resources are covered; try again later`,
    code,
  );
}

function appliesTo({ base }: SearchParameterDefinition, type: string, { resourceTypes }: SearchDefinitions): boolean {
  return resourceTypes.includes(type) && (base.includes(type) || base.includes('Resource') || base.includes('DomainResource'));
}
