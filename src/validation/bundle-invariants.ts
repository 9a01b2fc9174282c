/** Invariants that look over a whole Bundle. @see https://hl7.org/fhir/R4/bundle.html#invs */
import type { Invariant } from './invariants.ts';

type Value = Readonly<Record<string, unknown>>;

const REQUESTS: readonly unknown[] = ['batch', 'transaction', 'history'];
const RESPONSES: readonly unknown[] = ['batch-response', 'transaction-response', 'history'];

export const BUNDLE_INVARIANTS: readonly Invariant[] = [
  {
    key: 'bdl-1',
    human: 'total only when a search or history',
    holds: ({ total, type }) => total === undefined || type === 'searchset' || type === 'history',
  },
  {
    key: 'bdl-2',
    human: 'entry.search only when a search',
    holds: ({ entry, type }) => type === 'searchset' || entries(entry).every((one) => one.search === undefined),
  },
  {
    key: 'bdl-3',
    human: 'entry.request mandatory for batch/transaction/history, otherwise prohibited',
    holds: ({ entry, type }) => entries(entry).every((one) => (one.request !== undefined) === REQUESTS.includes(type)),
  },
  {
    key: 'bdl-4',
    human: 'entry.response mandatory for batch-response/transaction-response/history, otherwise prohibited',
    holds: ({ entry, type }) => entries(entry).every((one) => (one.response !== undefined) === RESPONSES.includes(type)),
  },
  {
    key: 'bdl-7',
    human:
      'FullUrl must be unique in a bundle, or else entries with the same fullUrl must have different meta.versionId (except in history bundles)',
    holds: ({ entry, type }) => type === 'history' || areDistinct(entries(entry).flatMap(nameOf)),
  },
  {
    key: 'bdl-9',
    human: 'A document must have an identifier with a system and a value',
    holds: ({ identifier, type }) => type !== 'document' || (isObject(identifier) && has(identifier, 'system') && has(identifier, 'value')),
  },
  { key: 'bdl-10', human: 'A document must have a date', holds: ({ timestamp, type }) => type !== 'document' || timestamp !== undefined },
  {
    key: 'bdl-11',
    human: 'A document must have a Composition as the first resource',
    holds: ({ entry, type }) => type !== 'document' || firstType(entry) === 'Composition',
  },
  {
    key: 'bdl-12',
    human: 'A message must have a MessageHeader as the first resource',
    holds: ({ entry, type }) => type !== 'message' || firstType(entry) === 'MessageHeader',
  },
];

const isObject = (value: unknown): value is Value => typeof value === 'object' && value !== null;
const entries = (value: unknown): readonly Value[] => (Array.isArray(value) ? value.filter(isObject) : []);
const has = (value: Value, name: string) => value[name] !== undefined;
const areDistinct = (names: readonly string[]) => new Set(names).size === names.length;

function firstType(entry: unknown): unknown {
  const resource = entries(entry)[0]?.resource;
  return isObject(resource) ? resource.resourceType : undefined;
}

function nameOf({ fullUrl, resource }: Value): string[] {
  if (typeof fullUrl !== 'string') return [];
  const meta = isObject(resource) && isObject(resource.meta) ? resource.meta : {};
  return [`${fullUrl} ${typeof meta.versionId === 'string' ? meta.versionId : ''}`];
}
