/** Element tables of all types from `fhir/generated/elements.json`, inheritance and choices worked out. */
import type { ElementDefinition, PropertyDefinition, TypeDefinition } from './definitions.ts';
import type { GeneratedElement, GeneratedType } from './generated.ts';

const CHOICE = '[x]';

interface MutableType extends TypeDefinition {
  readonly properties: Map<string, PropertyDefinition>;
}

/** By type name, backbones by their path. */
export function buildTypes(generated: Readonly<Record<string, GeneratedType>>): ReadonlyMap<string, TypeDefinition> {
  const types = new Map<string, MutableType>();
  const build = (name: string): MutableType => {
    const known = types.get(name);
    if (known) return known;
    const source = generated[name];
    if (!source) throw new Error(`elements.json has no type ${name}`);
    const inherited = source.base ? build(source.base).elements : [];
    const elements = [...inherited, ...Object.entries(source.elements).map(([path, element]) => elementOf(path, element))];
    const type = { name, kind: source.kind, base: source.base, elements, properties: new Map() };
    types.set(name, type);
    return type;
  };
  for (const name of Object.keys(generated)) build(name);
  // Types refer to each other in circles, so properties come when all types are there.
  for (const type of types.values()) addProperties(type, build);
  return types;
}

function elementOf(path: string, element: GeneratedElement): ElementDefinition {
  const choice = path.endsWith(CHOICE);
  return {
    name: choice ? path.slice(0, -CHOICE.length) : path,
    types: element.types,
    choice,
    required: (element.min ?? 0) > 0,
    list: element.max === '*',
    codes: element.codes,
    targets: element.targets,
    summary: element.summary ?? false,
    modifier: element.modifier ?? false,
    attribute: element.attribute ?? false,
  };
}

function addProperties(type: MutableType, typeNamed: (name: string) => TypeDefinition): void {
  for (const element of type.elements) {
    for (const name of element.types) {
      const property = propertyName(element, name);
      type.properties.set(property, { name: property, element, type: name, definition: typeNamed(name) });
    }
  }
}

/** `value` of type `dateTime` is `valueDateTime`. */
function propertyName(element: ElementDefinition, type: string): string {
  return element.choice ? element.name + type.charAt(0).toUpperCase() + type.slice(1) : element.name;
}
