/** The search parameters of each resource type, with their paths compiled at first use. */
import type { CodeSet, Definitions, SearchParameterDefinition, SearchParamType } from '../../definitions/definitions.ts';
import type { CompositeWay } from './composite.ts';
import { compositeWays, shareWays } from './composite.ts';
import { elementLookup } from './elements.ts';
import { anyValuePrefix, hasSystem, parameterKey } from './entry-text.ts';
import { isFullText } from './extract/words.ts';
import { type IdentifierForms, PLAIN_IDENTIFIERS } from './identifier-forms.ts';
import { isIndexable } from './indexable.ts';
import type { ElementLookup, ValuePath } from './path.ts';
import { compilePaths } from './path.ts';
import { isOneElement } from './single.ts';
import type { StoredAs } from './stored-as.ts';
import { cover, homeOf } from './stored-as.ts';
import { createUnits, type UnitLookup } from './units.ts';

/** What search needs of the FHIR definitions. */
export type SearchDefinitions = Pick<Definitions, 'resourceTypes' | 'searchParameters' | 'compartments' | 'types' | 'codeSets'>;

/** A search parameter of one resource type. */
export interface SearchParameter {
  /** The resource type searched. */
  readonly on: string;
  readonly code: string;
  readonly type: SearchParamType;
  readonly url: string;
  /** Reference targets; [] for other parameters. */
  readonly targets: readonly string[];
  /** Where its values are; [] for `_query`, composites and full text. */
  readonly paths: readonly ValuePath[];
  /** FHIR types of its values, each once. */
  readonly elementTypes: readonly string[];
  /** Whose entries to search: its own, or those of parameters that cover the same elements. */
  readonly storedAs: readonly StoredAs[];
  /** Dates only: no resource can have two values of it, since it stands for one element, which is in no list. */
  readonly isSingle?: true;
  /** True if values have a system beside the code (tokens). */
  readonly hasSystem: boolean;
  /** For codes that name no system: the code sets that imply one. Undefined if FHIR itself doesn't list them all. */
  readonly impliedSystems?: readonly CodeSet[];
  /** Composites only: how a resource can hold the parts together. */
  readonly ways?: readonly CompositeWay[];
  /** True for a parameter that was posted as a resource: it has no part in where a resource lies. */
  readonly isOwn?: true;
}

export interface SearchRegistry {
  /** The parameter of a type by its code (`_id` and the like too), or undefined. */
  parameter(type: string, code: string): SearchParameter | undefined;
  /** Codes of all parameters of a type, sorted. */
  codesOf(type: string): readonly string[];
  /** All parameters of a type. */
  parametersOf(type: string): readonly SearchParameter[];
  /** Codes of the parameters that put a type into a patient's compartment; [] if none does. */
  compartmentCodes(type: string): readonly string[];
  /** Starts of the entries that put a type's resources into a patient's compartment. */
  compartmentPrefixes(type: string): readonly string[];
  /** UCUM's units, as quantities are compared by. */
  readonly unit: UnitLookup;
  /** How the values of Identifiers are indexed. */
  readonly identifiers: IdentifierForms;
  /** The codes of a value set by its id, if R4 itself lists them all. */
  codeSet(id: string): CodeSet | undefined;
  /** Another number whenever the parameters have changed. */
  revision(): number;
}

const ABSTRACT = ['Resource', 'DomainResource'];
/** Types of R4 that are Resources but no DomainResources. */
const PLAIN_RESOURCES = new Set(['Bundle', 'Binary', 'Parameters']);

/** The type and what it descends from. */
export function basesOf(type: string): ReadonlySet<string> {
  return new Set([type, ...(PLAIN_RESOURCES.has(type) ? ABSTRACT.slice(0, 1) : ABSTRACT)]);
}

/** US Core reads the code out of an extension's Coding, which would lose its system. */
const wholeCodings = (expression: string) =>
  expression.replace(/\.value\.code$/, '.value.ofType(Coding)').replace(/\.value\.coding\.code$/, '.value.ofType(CodeableConcept)');

function impliedSystems(paths: readonly ValuePath[], codeSets: Definitions['codeSets']): readonly CodeSet[] | undefined {
  const sets = paths.map((path) => (path.codes === undefined ? undefined : codeSets.get(path.codes)));
  return sets.length > 0 && sets.every((set) => set !== undefined) ? sets : undefined;
}

function parameterOn(
  type: string,
  definition: SearchParameterDefinition,
  elements: ElementLookup,
  { types, codeSets }: SearchDefinitions,
): Omit<SearchParameter, 'storedAs'> {
  const isPath = definition.expression !== undefined && definition.type !== 'composite';
  const paths = isPath ? compilePaths(wholeCodings(definition.expression ?? ''), type, elements) : [];
  const elementTypes = [...new Set(paths.map((path) => path.type))];
  const { code, url, target: targets = [] } = definition;
  const known = { on: type, code, type: definition.type, url, targets, paths, elementTypes };
  const single = definition.type === 'date' && isOneElement(type, paths, types) && { isSingle: true as const };
  return { ...known, ...single, hasSystem: elementTypes.some(hasSystem), impliedSystems: impliedSystems(paths, codeSets) };
}

function compileType(type: string, definitions: SearchDefinitions): ReadonlyMap<string, SearchParameter> {
  const bases = basesOf(type);
  const own = definitions.searchParameters.filter(({ base, code }) => !isFullText(code) && base.some((each) => bases.has(each)));
  const elements = elementLookup(definitions);
  const parameters = own.map((definition) => parameterOn(type, definition, elements, definitions));
  const homes = homeOf(parameters);
  const composites = own.filter((definition) => definition.type === 'composite');
  const ways = shareWays(new Map(composites.map((each) => [each.code, compositeWays(each, type, parameters, definitions)])));
  const complete = parameters.map((parameter) => {
    const held = ways.get(parameter.code);
    return { ...parameter, storedAs: homes.get(parameter.code) ?? [], ...(held && { ways: held }) };
  });
  return new Map(complete.map((parameter) => [parameter.code, parameter]));
}

/** Own parameters after the others, whose entries they may share, never the other way round: they come and go. */
function withOwn(
  type: string,
  builtIn: ReadonlyMap<string, SearchParameter>,
  own: readonly SearchParameterDefinition[],
  definitions: SearchDefinitions,
): ReadonlyMap<string, SearchParameter> {
  const bases = basesOf(type);
  const applying = own.filter(({ base, code }) => base.some((each) => bases.has(each)) && !builtIn.has(code));
  if (applying.length === 0) return builtIn;
  const stored = [...builtIn.values()].filter(({ code, storedAs }) => storedAs.some((home) => home.code === code && !home.target));
  const added = applying.map((definition): SearchParameter => {
    if (isFullText(definition.code)) return fullText(type, definition);
    const parameter = indexableOnly(parameterOn(type, definition, elementLookup(definitions), definitions));
    const homes = cover(
      parameter.paths,
      stored.filter((each) => each.type === parameter.type),
    );
    return { ...parameter, storedAs: (homes ?? [parameter.code]).map((code) => ({ code })), isOwn: true };
  });
  return new Map([...builtIn, ...added.map((parameter) => [parameter.code, parameter] as const)]);
}

/** R4 types it as a string, R5 as special, which it is: nothing that strings can be asked goes with it. */
function fullText(type: string, { code, url }: SearchParameterDefinition): SearchParameter {
  const nothing = { targets: [], paths: [], elementTypes: [], hasSystem: false };
  return { ...nothing, on: type, code, type: 'special', url, storedAs: [{ code }], isOwn: true };
}

function indexableOnly(parameter: Omit<SearchParameter, 'storedAs'>): Omit<SearchParameter, 'storedAs'> {
  const paths = parameter.paths.filter((path) => isIndexable(parameter.type, path.type));
  return { ...parameter, paths, elementTypes: [...new Set(paths.map((path) => path.type))] };
}

/**
 * The registry over these definitions; a type is compiled when it is first asked for (about 1 ms). `own` are parameters that
 * were posted, checked by `own-parameter.ts`, and those of full text where it is on.
 */
export function createSearchRegistry(
  definitions: SearchDefinitions,
  own: readonly SearchParameterDefinition[] = [],
  identifiers: IdentifierForms = PLAIN_IDENTIFIERS,
): SearchRegistry {
  const known = new Set(definitions.resourceTypes);
  const compiled = new Map<string, ReadonlyMap<string, SearchParameter>>();
  const ofType = (type: string): ReadonlyMap<string, SearchParameter> => {
    const done = compiled.get(type);
    if (done) return done;
    const parameters = known.has(type)
      ? withOwn(type, compileType(type, definitions), own, definitions)
      : new Map<string, SearchParameter>();
    if (known.has(type)) compiled.set(type, parameters);
    return parameters;
  };
  const compartmentCodes = (type: string) => definitions.compartments.Patient?.[type] ?? [];
  const prefixes = new Map<string, readonly string[]>();
  const compartmentPrefixes = (type: string): readonly string[] => {
    const done = prefixes.get(type);
    if (done) return done;
    const homes = compartmentCodes(type).flatMap((code) => ofType(type).get(code)?.storedAs ?? []);
    const made = homes.map((home) => anyValuePrefix(parameterKey(type, home.code)));
    if (known.has(type)) prefixes.set(type, made);
    return made;
  };
  return {
    parameter: (type, code) => ofType(type).get(code),
    codesOf: (type) => [...ofType(type).keys()].sort(),
    parametersOf: (type) => [...ofType(type).values()],
    unit: createUnits(),
    identifiers,
    codeSet: (id) => definitions.codeSets.get(id),
    compartmentCodes,
    compartmentPrefixes,
    revision: () => 0,
  };
}

/** `<Type>.<code>` of each parameter whose entries are searched for this one. */
export const storedKeys = (parameter: SearchParameter) => parameter.storedAs.map((home) => parameterKey(parameter.on, home.code));
