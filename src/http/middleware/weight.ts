/** What a request weighs before it is carried out: how urgent it is, what it costs, how long it may take. */
import type { InteractionCode } from '../../access/decision.ts';
import type { Route } from '../../interactions/route.ts';
import type { Urgency } from './admission.ts';

export interface Weight {
  readonly urgency: Urgency;
  /** Points of the rate limits; a read is 1. */
  readonly points: number;
  /** It may take as long as a Bundle. */
  readonly isLong: boolean;
}

const READ: Weight = { urgency: 'read', points: 1, isLong: false };
const SEARCH: Weight = { urgency: 'search', points: 5, isLong: false };
const WRITE: Weight = { urgency: 'write', points: 10, isLong: false };
const BUNDLE: Weight = { urgency: 'write', points: 10, isLong: true };
const OPERATION: Weight = { urgency: 'search', points: 20, isLong: true };
export const ADMINISTRATION: Weight = { urgency: 'administration', points: 20, isLong: true };

const WEIGHTS: Readonly<Record<InteractionCode, Weight>> = {
  read: READ,
  vread: READ,
  capabilities: READ,
  'history-instance': READ,
  'search-type': SEARCH,
  'search-system': SEARCH,
  'history-type': SEARCH,
  'history-system': SEARCH,
  create: WRITE,
  update: WRITE,
  patch: WRITE,
  delete: WRITE,
  batch: BUNDLE,
  transaction: BUNDLE,
};

/** Bytes of a body that cost a point more. */
const BYTES_PER_POINT = 1024;

/** @param isAdministrative asked for operations only: whether this one helps to see or mend a server in trouble */
export function weightOf(route: Route, isAdministrative: (route: Route) => boolean): Weight {
  if (route.interaction !== 'operation') return WEIGHTS[route.interaction];
  return isAdministrative(route) ? ADMINISTRATION : OPERATION;
}

/** What a body costs on top, known once it is there. */
export const pointsOfBody = (bytes: number): number => Math.floor(bytes / BYTES_PER_POINT);
