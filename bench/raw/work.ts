/** What the raw drivers can be asked to do, and which phase of the gateway it is the floor of. */
import type { Phase } from '../phases.ts';

export const RAW_WORKS = [
  'insert',
  'insert batched',
  'find',
  'find batched',
  'replace',
  'replace batched',
  'transaction',
  'pg read',
] as const;
export type RawWork = (typeof RAW_WORKS)[number];

export const FLOORS: Readonly<Partial<Record<Phase, readonly RawWork[]>>> = {
  load: ['transaction'],
  create: ['insert', 'insert batched'],
  read: ['find', 'find batched'],
  update: ['replace', 'replace batched'],
  'read-claim': ['pg read'],
};
