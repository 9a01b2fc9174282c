/** The way through audit events that a sorted, paged search takes: by time, then chain, then number, which is the order of their ids. */
import { type EventPlace, placeOf } from '../../../audit/render.ts';
import { unsupportedParameter } from '../../../model/error.ts';
import type { ResourceDraft } from '../../../model/resource.ts';
import { compareBytes, compareMatches, type SortValue, sortValuesOf } from '../../order.ts';
import type { HistoryRequest, SortKey, StoreSearch } from '../../store.ts';
import type { Parameters } from '../search/parameters.ts';

/** The one type of this store. */
export const TYPE = 'AuditEvent';
/** Events have no record key: they lie by day. */
export const NO_RECORD = '0000000000';

/** An order, and where in it to go on. */
type Paged = Pick<StoreSearch, 'sort' | 'after' | 'backward'>;

/** Through the events, from where the page before ended. */
export interface Way {
  /** Of time, and of identity where the time is the same. */
  readonly direction: 'ASC' | 'DESC';
  readonly tie: 'ASC' | 'DESC';
  /** The event to go on after; undefined: from the first one. */
  readonly after: EventPlace | undefined;
  /** True when nothing can lie beyond the end of the page before. */
  readonly isOver: boolean;
  /** False for an event that the page before, which ended with a resource of another type, has passed. */
  isBeyond(draft: ResourceDraft): boolean;
}

const TIMES = new Set(['date', '_lastUpdated']);
const IDENTITIES = new Set(['_id', '_identity']);

/** In no order but that of identities. */
export const ANY_ORDER: Paged = { sort: [{ parameter: '_identity', descending: false }] };

/** Newest first, as `HistoryRequest` has it. */
export const historyOrder = ({ after }: Pick<HistoryRequest, 'after'>): Paged => ({
  sort: [
    { parameter: '_lastUpdated', descending: true },
    { parameter: '_identity', descending: false },
  ],
  ...(after && { after: [after.at, after.identity] }),
});

/** @throws FhirError 400 for an order that is not that of time */
export function wayThrough(paged: Paged): Way {
  const { sort, after, backward } = paged;
  const other = sort.find(({ parameter }) => !TIMES.has(parameter) && !IDENTITIES.has(parameter));
  if (other)
    throw unsupportedParameter(`_sort: audit events can be sorted by date, _lastUpdated and _id, not by "${other.parameter}"`, '_sort');
  const directionOf = (key: SortKey | undefined) => (key?.descending !== (backward === true) ? 'DESC' : 'ASC');
  const tie = directionOf(sort.find(({ parameter }) => IDENTITIES.has(parameter)));
  const directions = { direction: directionOf(sort[0]), tie } as const;
  if (!after) return { ...directions, after: undefined, isOver: false, isBeyond: () => true };
  const own = ownPlace(after);
  if (own) return { ...directions, after: own, isOver: false, isBeyond: () => true };
  const isBeyond = (draft: ResourceDraft) => compareMatches(sortValuesOf(draft, sort), after, paged) > 0;
  return { ...directions, after: instantOf(paged, tie), isOver: isBehindAll(paged), isBeyond };
}

/** The place of the event that the page before ended with, if it was one. */
function ownPlace(after: readonly SortValue[]): EventPlace | undefined {
  const [rk, type, id = ''] = String(after.at(-1)).split('/');
  return rk === NO_RECORD && type === TYPE ? placeOf(id) : undefined;
}

/** Before all events of the instant at which the page before ended. */
function instantOf({ sort, after = [] }: Paged, tie: Way['tie']): EventPlace | undefined {
  const [at] = after;
  if (typeof at !== 'number' || !TIMES.has(sort[0]?.parameter ?? '')) return undefined;
  return { recorded: at, ...(tie === 'ASC' ? { chain: -1, seq: -1 } : { chain: 2 ** 31 - 1, seq: Number.MAX_SAFE_INTEGER }) };
}

/** The identities of events lie together, and all of them have a time. */
function isBehindAll({ sort, after = [], backward }: Paged): boolean {
  const [key] = sort;
  const [value] = after;
  if (value === null) return backward !== true;
  if (key?.parameter !== '_identity' || typeof value !== 'string') return false;
  const isPast = compareBytes(value, `${NO_RECORD}/${TYPE}/`) > 0;
  return isPast !== (key.descending !== (backward === true));
}

/** The condition on `e` that holds beyond the place. */
export function isAfter(
  { recorded, chain, seq }: EventPlace,
  { direction, tie }: Pick<Way, 'direction' | 'tie'>,
  parameters: Parameters,
): string {
  const [later, further] = [direction, tie].map((way) => (way === 'ASC' ? '>' : '<'));
  const at = `to_timestamp(${parameters.add(recorded / 1000)}::float8)`;
  const numbers = `(${parameters.add(chain)}::integer, ${parameters.add(seq)}::bigint)`;
  return `e.recorded_at ${later}= ${at} AND (e.recorded_at ${later} ${at} OR (e.chain, e.seq) ${further} ${numbers})`;
}
