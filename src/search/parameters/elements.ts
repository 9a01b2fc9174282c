/** The element tables of the definitions, as path compilation asks for them. */
import type { Definitions } from '../../definitions/definitions.ts';
import type { ElementLookup } from './path.ts';

/** Looks elements up in the definitions' types; a type's elements are few, so a scan will do. */
export function elementLookup(definitions: Pick<Definitions, 'types'>): ElementLookup {
  return (type, name) => {
    const element = definitions.types.get(type)?.elements.find((each) => each.name === name);
    return element && { types: element.types, isChoice: element.choice, codes: element.codes };
  };
}
