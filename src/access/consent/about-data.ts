/**
 * What provisions say of the data themselves, as conditions on index entries. What the entries can't tell counts against
 * whoever asks: so a denial asks what is *possibly* meant, and a permission what is *certainly* meant.
 * @see https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.code
 */
import type { ResourceKey } from '../../model/resource.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { BoundCondition, SearchExpression } from '../../search/expression/expression.ts';
import { and, EVERYTHING, NOTHING, not, or } from '../../search/expression/expression.ts';
import { careDateKey, isDateless } from '../../search/parameters/care-date.ts';
import { parameterKey, valueEntry } from '../../search/parameters/entry-text.ts';
import type { SearchParameter, SearchRegistry } from '../../search/parameters/registry.ts';
import { createLabelled, type HasToken } from '../labels/labelled.ts';
import type { Authors } from './authors.ts';
import type { Related } from './related.ts';
import type { Label, NamedData, Time } from './rule.ts';

export type Extent = 'possibly' | 'certainly';

/** Conditions that hold for resources of a type. */
export interface AboutData {
  /** With one of these labels. */
  labelled(type: string, labels: readonly Label[]): SearchExpression;
  /** Possibly: with one of the codes in any token parameter. Certainly: in the one that says what the resource is. */
  coded(type: string, codes: readonly Label[], extent: Extent): SearchExpression;
  /** Possibly: of care that overlaps the time, or is of no known time. Certainly: wholly within it. Persons and things are of no time. */
  dated(type: string, time: Time, extent: Extent): SearchExpression;
  /** These, and what is meant by them: what they refer to and what they authored as far as it is known. */
  named(type: string, data: readonly NamedData[], extent: Extent): SearchExpression;
}

/** What says what a resource is, the first that a type has. */
const WHAT_IT_IS = ['code', 'type', 'vaccine-code', 'class', 'category'];
const CODED = ['CodeableConcept', 'Coding'];

const isCoded = ({ type, elementTypes, code }: SearchParameter) =>
  type === 'token' && !code.startsWith('_') && elementTypes.some((each) => CODED.includes(each));

interface AboutDataServices {
  readonly hasToken: HasToken;
  readonly authors: Pick<Authors, 'authoredBy'>;
  /** What a resource refers to; undefined if it is not known. */
  readonly relatedTo: (key: ResourceKey) => Related | undefined;
}

export function createAboutData(registry: SearchRegistry, { hasToken, authors, relatedTo }: AboutDataServices): AboutData {
  const codedParameters = (type: string, extent: Extent) => {
    const coded = registry.parametersOf(type).filter(isCoded);
    if (extent === 'possibly') return coded;
    return WHAT_IT_IS.flatMap((code) => coded.find((each) => each.code === code) ?? []).slice(0, 1);
  };
  return {
    labelled: createLabelled(hasToken),
    coded(type, codes, extent) {
      const unknown = extent === 'possibly' ? EVERYTHING : NOTHING;
      const bears = ({ code: parameter }: SearchParameter) => codes.map((code) => hasToken(type, parameter, code) ?? unknown);
      return or(codedParameters(type, extent).flatMap(bears));
    },
    dated(type, time, extent) {
      if (isDateless(type)) return NOTHING;
      const key = careDateKey(type, registry);
      if (key === undefined) return extent === 'possibly' ? EVERYTHING : NOTHING;
      return extent === 'possibly' ? overlapping(key, time) : within(key, time);
    },
    named(type, data, extent) {
      const meant = (each: NamedData): SearchExpression => {
        switch (each.meaning) {
          case 'instance':
            return NOTHING;
          case 'dependents':
            return referring(registry, type, each);
          case 'related':
            return relatedOf(type, relatedTo(each), extent);
          case 'authoredby':
            return authors.authoredBy(type, each, extent);
          default:
            return unreachable(each.meaning);
        }
      };
      const themselves = data.filter(({ meaning }) => meaning !== 'authoredby');
      return or([instancesOf(type, themselves), ...data.map(meant)]);
    },
  };
}

/** What was ever referred to is possibly meant, what is referred to now certainly. */
function relatedOf(type: string, related: Related | undefined, extent: Extent): SearchExpression {
  if (!related) return extent === 'possibly' ? EVERYTHING : NOTHING;
  return instancesOf(type, extent === 'possibly' ? related.ever : related.now);
}

const ends = ({ from, until }: Time) => ({ isFrom: Number.isFinite(from), isUntil: Number.isFinite(until) });

/** Entries that have to do with the time, and resources that have none. */
function overlapping(key: string, time: Time): SearchExpression {
  const { isFrom, isUntil } = ends(time);
  const conditions: BoundCondition[] = [
    ...(isFrom ? [{ bound: 'hi', op: 'ge', value: time.from } as const] : []),
    ...(isUntil ? [{ bound: 'lo', op: 'le', value: time.until } as const] : []),
  ];
  return or([{ kind: 'range', key, conditions }, not({ kind: 'range', key, conditions: [] })]);
}

/** A resource with entries, none of which is outside of the time in part. */
function within(key: string, time: Time): SearchExpression {
  const { isFrom, isUntil } = ends(time);
  const range = (...conditions: BoundCondition[]): SearchExpression => ({ kind: 'range', key, conditions });
  return and([
    range(),
    ...(isFrom ? [not(range({ bound: 'lo', op: 'lt', value: time.from }))] : []),
    ...(isUntil ? [not(range({ bound: 'hi', op: 'gt', value: time.until }))] : []),
  ]);
}

function instancesOf(type: string, data: readonly ResourceKey[]): SearchExpression {
  const ids = data.filter((each) => each.type === type).map(({ id }) => id);
  return ids.length === 0 ? NOTHING : { kind: 'ids', ids };
}

/** By whatever parameter. */
function referring(registry: SearchRegistry, type: string, { type: to, id }: ResourceKey): SearchExpression {
  const parameters = registry.parametersOf(type).filter((each) => each.type === 'reference' && each.targets.includes(to));
  const homes = parameters.flatMap(({ storedAs }) => storedAs.filter(({ target }) => target === undefined || target === to));
  const entries = homes.map(({ code }) => valueEntry(parameterKey(type, code), `${to}/${id}`));
  return entries.length === 0 ? NOTHING : { kind: 'among', entries: [...new Set(entries)] };
}
