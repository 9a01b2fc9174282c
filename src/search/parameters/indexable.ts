/** Which FHIR types a parameter of a type can have as values. @see https://hl7.org/fhir/R4/search.html#table */
import type { SearchParamType } from '../../definitions/definitions.ts';

const DATES = ['date', 'dateTime', 'instant', 'Period', 'Timing'];
const QUANTITIES = ['Quantity', 'SimpleQuantity', 'MoneyQuantity', 'Money', 'Age', 'Distance', 'Duration', 'Count', 'Range', 'SampledData'];
const URIS = ['uri', 'url', 'canonical', 'oid', 'uuid'];

const INDEXABLE: Readonly<Partial<Record<SearchParamType, ReadonlySet<string>>>> = {
  token: new Set(['CodeableConcept', 'Coding', 'Identifier', 'ContactPoint', 'code', 'boolean', 'string', 'id', 'uri']),
  string: new Set(['string', 'markdown', 'HumanName', 'Address']),
  reference: new Set(['Reference', 'canonical', 'uri', 'url']),
  date: new Set(DATES),
  number: new Set(['integer', 'decimal', 'positiveInt', 'unsignedInt', 'Range']),
  quantity: new Set(QUANTITIES),
  uri: new Set(URIS),
};

/** The parameter types that a posted parameter may have. */
export const INDEXABLE_TYPES = Object.keys(INDEXABLE) as readonly SearchParamType[];

export const isIndexable = (parameterType: SearchParamType, elementType: string): boolean =>
  INDEXABLE[parameterType]?.has(elementType) ?? false;
