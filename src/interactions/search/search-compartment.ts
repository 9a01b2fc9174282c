/**
 * Searches within a compartment: `Patient/1/Observation`, `Encounter/2/Procedure`, `Patient/1/*`.
 * @see https://hl7.org/fhir/R4/search.html#2.21.1.2
 */
import type { Definitions } from '../../definitions/definitions.ts';
import { notFound } from '../../model/error.ts';
import { keyText, type ResourceKey } from '../../model/resource.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { and, or } from '../../search/expression/expression.ts';
import type { SearchRegistry } from '../../search/parameters/registry.ts';
import { referenceHomes } from '../../search/request/join.ts';
import { isLogicalId } from '../route.ts';

/** The types that a compartment has members of, the owner's own among them. @throws FhirError 404 for a type that has no compartment */
export function compartmentTypes(owner: ResourceKey, { compartments }: Definitions): readonly string[] {
  const members = membersOf(owner, compartments);
  return [...new Set([owner.type, ...Object.keys(members)])].sort();
}

function membersOf({ type, id }: ResourceKey, compartments: Definitions['compartments']): Readonly<Record<string, readonly string[]>> {
  const members = Object.hasOwn(compartments, type) ? compartments[type] : undefined;
  if (!members) throw notFound(`R4 has no compartment of ${type}; there are those of ${Object.keys(compartments).sort().join(', ')}`);
  if (!isLogicalId(id)) throw notFound(`there is no ${type}/${id}`);
  return members;
}

/** In the compartment. @throws FhirError 404 for a type that R4 puts into no compartment of that kind */
export function inCompartment(
  owner: ResourceKey,
  types: readonly string[],
  { compartments }: Definitions,
  registry: SearchRegistry,
): SearchExpression {
  const members = membersOf(owner, compartments);
  const stranger = types.find((type) => type !== owner.type && !Object.hasOwn(members, type));
  if (stranger) throw notFound(`${stranger} is in no compartment of a ${owner.type}`);
  if (owner.type === 'Patient') return { kind: 'patient', reference: keyText(owner) };
  return or(types.flatMap((type) => (members[type] ?? ['{def}']).map((code) => memberBy(code, type, owner, registry))));
}

function memberBy(code: string, type: string, owner: ResourceKey, registry: SearchRegistry): SearchExpression {
  // An id means another resource in each type.
  if (code === '{def}')
    return and([
      { kind: 'types', types: [owner.type] },
      { kind: 'ids', ids: [owner.id] },
    ]);
  const parameter = registry.parameter(type, code);
  const homes = parameter ? referenceHomes(parameter, owner.type) : [];
  return { kind: 'among', entries: homes.map((home) => `${home}${keyText(owner)}`) };
}
