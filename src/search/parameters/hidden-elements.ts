/** Which expressions read what an index does not see: see docs/security.md, "Field encryption". */
import { compilePaths, type ElementLookup } from './path.ts';

/** What is hidden from the index. */
export interface HiddenElements {
  /** The values of some Identifiers, wherever they stand. */
  readonly areIdentifiersHidden: boolean;
  /** Elements of one type: ("Coverage", ["subscriberId"]); of an Identifier, its value is hidden. */
  readonly elements: readonly { readonly type: string; readonly path: readonly string[] }[];
}

const IDENTIFIER_VALUE = 'Identifier.value';
/** A condition on a value is looked up in the same redacted copy. */
const BY_VALUE = /where\s*\(\s*value\s*=/;

/** The hidden element that `expression` reads of resources of type `on`; undefined if it reads none. */
export function hiddenElementIn(expression: string, on: string, elements: ElementLookup, hidden: HiddenElements): string | undefined {
  const read = new Set<string>();
  compilePaths(expression, on, (type, name) => {
    read.add(`${type}.${name}`);
    return elements(type, name);
  });
  if (BY_VALUE.test(expression)) read.add(IDENTIFIER_VALUE);
  if (hidden.areIdentifiersHidden && read.has(IDENTIFIER_VALUE)) return IDENTIFIER_VALUE;
  const own = hidden.elements.filter(({ type }) => type === on);
  return own.flatMap(({ path }) => placesOf(on, path, elements)).find((place) => read.has(place));
}

/** "Patient.contact.name", "HumanName.family": the element at the end of a path, by the type that it is an element of. */
function placesOf(type: string, [name, ...rest]: readonly string[], elements: ElementLookup): readonly string[] {
  const shape = name === undefined ? undefined : elements(type, name);
  if (!shape) return [];
  if (rest.length > 0) return shape.types.flatMap((each) => placesOf(each, rest, elements));
  return shape.types.map((each) => (each === 'Identifier' ? IDENTIFIER_VALUE : `${type}.${name}`));
}
