/** Which elements a resource can hold only once. */
import type { Definitions, PropertyDefinition } from '../../definitions/definitions.ts';
import type { ValuePath } from './path.ts';

type Types = Definitions['types'];

/** What each step of the path leads to; undefined if some step is no plain field. */
function propertiesAlong(type: string, { steps }: ValuePath, types: Types): readonly PropertyDefinition[] | undefined {
  const found: PropertyDefinition[] = [];
  for (const step of steps) {
    const at = found.at(-1)?.type ?? type;
    const property = step.kind === 'field' ? types.get(at)?.properties.get(step.name) : undefined;
    if (!property) return undefined;
    found.push(property);
  }
  return found;
}

/** True if following these steps from `type` meets no list. */
export function isSinglePath(type: string, path: ValuePath, types: Types): boolean {
  return propertiesAlong(type, path, types)?.every(({ element }) => !element.list) === true;
}

/** True if the paths are those of one element, or of one choice of types, that is in no list. */
export function isOneElement(type: string, paths: readonly ValuePath[], types: Types): boolean {
  const ways = paths.map((path) => propertiesAlong(type, path, types));
  const [first] = ways;
  return (
    first !== undefined &&
    paths.every((path) => isSinglePath(type, path, types)) &&
    ways.every((way) => way?.length === first.length && way.every(({ element }, at) => element === first[at]?.element))
  );
}
