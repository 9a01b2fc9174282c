/** Index entries of resources: one compiled program per type. */
import type { IndexEntries, ResourceKey } from '../../model/resource.ts';
import type { ClinicalDateReader } from './clinical-date.ts';
import { compileClinicalDate } from './clinical-date.ts';
import type { PatientsReader } from './compartment.ts';
import { compilePatients } from './compartment.ts';
import { elementLookup } from './elements.ts';
import { anyCodePrefix, HOT_CODE, parameterKey, patientCode } from './entry-text.ts';
import { compositeExtractor } from './extract/composite.ts';
import { EntrySink } from './extract/entry-sink.ts';
import type { Extract, ExtractTarget } from './extract/extract.ts';
import { extractorFor } from './extract/extract.ts';
import { isFullText, wordExtractor } from './extract/words.ts';
import type { PathReader, ValuePath } from './path.ts';
import { compileReader } from './path.ts';
import type { SearchDefinitions, SearchParameter, SearchRegistry } from './registry.ts';
import { createWordReader, type WordReader } from './words.ts';

export interface IndexerOptions {
  /** The server's base URL: references below it are local. */
  readonly baseUrl: string;
  /** What the index may see of a resource, where that is not all of it. */
  readonly redact?: ((resource: object) => object) | undefined;
}

export interface Indexer {
  /** The entries of a resource (`JSON.parse` of it). `key` is its final key: a Patient is in its own compartment. */
  entries(resource: object, key: ResourceKey): IndexEntries;
  /** The `s` entries alone of the parameters with these codes: an include follows one or two of dozens. */
  entriesOf(codes: ReadonlySet<string>, resource: object, key: ResourceKey): readonly string[];
  /** Patients in whose compartments the resource is, home patient first: "Patient/1". */
  patients(resource: object, key: ResourceKey): readonly string[];
}

interface Step {
  /** Of the parameter that keeps what is found. */
  readonly code: string;
  /** The resource's own field that it starts from; undefined if it looks at the whole resource. */
  readonly from: string | undefined;
  readonly read: PathReader;
  readonly extract: Extract;
}

interface TypeProgram {
  /** By the field that they start from: a resource has few of its type's fields, and only those are looked at. */
  readonly byField: ReadonlyMap<string, readonly Step[]>;
  readonly always: readonly Step[];
  readonly patients: PatientsReader;
  readonly date: ClinicalDateReader;
  /** How the entries of `code` start, which go with the patient into `pc`; undefined for a type without that parameter. */
  readonly hotPrefix: string | undefined;
}

/** Kept elsewhere than in entries: the id, `at`. */
const NOT_ENTRIES = new Set(['_id', '_lastUpdated']);

function stepOf(code: string, path: ValuePath, extract: Extract): Step {
  const [first] = path.steps;
  return { code, from: first?.kind === 'field' ? first.name : undefined, read: compileReader(path.steps), extract };
}

/** What extractors know beside their parameter. */
interface Surroundings extends Pick<ExtractTarget, 'baseUrl' | 'unit' | 'identifierText'> {
  readonly readWords: WordReader;
}

function compositeSteps({ on, code, ways = [] }: SearchParameter, surroundings: Surroundings): Step[] {
  return ways.flatMap((way) => {
    const extract = way.kind !== 'single' && way.storedAs === code ? compositeExtractor(way, on, surroundings) : undefined;
    return extract && way.kind !== 'single' ? [stepOf(code, way.root, extract)] : [];
  });
}

const WHOLE: Pick<Step, 'from' | 'read'> = { from: undefined, read: (resource, values) => void values.push(resource) };

function stepsOf(parameter: SearchParameter, surroundings: Surroundings): Step[] {
  const { on, code, elementTypes, paths } = parameter;
  if (parameter.ways) return compositeSteps(parameter, surroundings);
  if (isFullText(code)) return [{ code, ...WHOLE, extract: wordExtractor(parameterKey(on, code), code, surroundings.readWords) }];
  const isElsewhere = !parameter.storedAs.some((home) => home.code === code);
  if (isElsewhere || NOT_ENTRIES.has(code)) return [];
  const target = { key: parameterKey(on, code), code, elementTypes, ...surroundings };
  return paths.flatMap((path) => {
    const extract = extractorFor(parameter.type, target, path.type);
    return extract ? [stepOf(code, path, extract)] : [];
  });
}

function compileProgram(
  type: string,
  registry: SearchRegistry,
  definitions: SearchDefinitions,
  { baseUrl, readWords }: Pick<Surroundings, 'baseUrl' | 'readWords'>,
): TypeProgram {
  const parameters = registry.parametersOf(type);
  const builtIn = parameters.filter((parameter) => !parameter.isOwn);
  const hot = builtIn.find((parameter) => parameter.code === HOT_CODE && parameter.type === 'token');
  const identifierText = (value: string) => registry.identifiers.stored(type, value);
  const steps = parameters.flatMap((parameter) => stepsOf(parameter, { baseUrl, unit: registry.unit, identifierText, readWords }));
  const fields = new Set(steps.flatMap((step) => step.from ?? []));
  return {
    byField: new Map([...fields].map((field) => [field, steps.filter((step) => step.from === field)])),
    always: steps.filter((step) => step.from === undefined),
    patients: compilePatients(type, registry, baseUrl),
    date: compileClinicalDate(type, builtIn, elementLookup(definitions)),
    hotPrefix: hot && anyCodePrefix(parameterKey(type, hot.code)),
  };
}

/** Patient and code from the entries: "Patient/1|code~8867-4". */
function patientCodes(type: string, patients: readonly string[], s: readonly string[], prefix: string | undefined): string[] {
  if (patients.length === 0 || prefix === undefined) return [];
  const hot = s.filter((entry) => entry.startsWith(prefix) && entry.length > prefix.length);
  return patients.flatMap((patient) => hot.map((entry) => patientCode(patient, type, entry)));
}

function runSteps(steps: readonly Step[], resource: object, sink: EntrySink): void {
  const values: unknown[] = [];
  for (const { read, extract } of steps) {
    read(resource, values);
    for (const value of values) extract(value, sink);
    values.length = 0;
  }
}

/** Those steps of the program that the resource has fields for. */
function stepsFor(program: TypeProgram, resource: object): readonly Step[] {
  return [...program.always, ...Object.keys(resource).flatMap((field) => program.byField.get(field) ?? [])];
}

function runProgram(program: TypeProgram, resource: object, key: ResourceKey): IndexEntries {
  const sink = new EntrySink();
  runSteps(program.always, resource, sink);
  for (const field of Object.keys(resource)) {
    const steps = program.byField.get(field);
    if (steps) runSteps(steps, resource, sink);
  }
  const { s, r, o } = sink.sorted();
  const patients = program.patients(resource, key);
  const pc = patientCodes(key.type, patients, s, program.hotPrefix);
  return { patients, s, r, pc, d: program.date(resource), o };
}

/** An indexer; a type's program is compiled when its first resource comes (about 1 ms). */
export function createIndexer(registry: SearchRegistry, definitions: SearchDefinitions, options: IndexerOptions): Indexer {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const { redact } = options;
  const readWords = createWordReader();
  const programs = new Map<string, TypeProgram>();
  const programOf = (type: string): TypeProgram => {
    const known = programs.get(type);
    if (known) return known;
    const program = compileProgram(type, registry, definitions, { baseUrl, readWords });
    programs.set(type, program);
    return program;
  };
  const seen = redact ?? ((resource: object) => resource);
  return {
    entries: (resource, key) => runProgram(programOf(key.type), seen(resource), key),
    entriesOf: (codes, resource, key) => {
      const sink = new EntrySink();
      const visible = seen(resource);
      const steps = stepsFor(programOf(key.type), visible).filter(({ code }) => codes.has(code));
      runSteps(steps, visible, sink);
      return sink.sorted().s;
    },
    patients: (resource, key) => programOf(key.type).patients(resource, key),
  };
}
