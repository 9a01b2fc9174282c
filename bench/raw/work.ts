/** What the raw drivers can be asked to do, and which phase of the gateway it is the floor of. */
import type { Phase } from '../phases.ts';

/** Questions of the search phases. */
const RAW_SEARCHES = ['search name', 'search identifier', 'search record', 'search chain', 'pg search', 'whole record'] as const;
export type RawSearch = (typeof RAW_SEARCHES)[number];

export const isRawSearch = (work: string): work is RawSearch => (RAW_SEARCHES as readonly string[]).includes(work);

const RAW_WORKS = [
  'insert',
  'insert batched',
  'find',
  'find batched',
  'replace',
  'replace batched',
  'transaction',
  'pg read',
  ...RAW_SEARCHES,
] as const;
export type RawWork = (typeof RAW_WORKS)[number];

export const FLOORS: Readonly<Partial<Record<Phase, readonly RawWork[]>>> = {
  load: ['transaction'],
  create: ['insert', 'insert batched'],
  read: ['find', 'find batched'],
  update: ['replace', 'replace batched'],
  'read-claim': ['pg read'],
  'search-family': ['search name'],
  'search-identifier': ['search identifier'],
  'search-observations': ['search record'],
  'search-include': ['search record'],
  'search-chain': ['search chain'],
  'search-encounters': ['pg search'],
  'search-claims': ['pg search'],
  everything: ['whole record'],
};
