/** What `POST /$shard` does to MongoDB's shards: moves ranges of record keys, adds and removes zones, switches the balancer. */
import { invalidValue, missingValue } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { Administration, KeyRange, MovePiece } from '../../store/administration.ts';
import { group, type Part, part } from '../answer.ts';
import type { OperationInput } from '../parameters.ts';

export const CLINICAL_ACTIONS = ['move-range', 'add-zone', 'remove-zone', 'balancer'] as const;
export type ClinicalAction = (typeof CLINICAL_ACTIONS)[number];

/** @throws FhirError 400 for input, 422 where the cluster is not as the action needs it */
export async function changeShards(
  action: ClinicalAction,
  input: OperationInput,
  { clinical }: Administration,
  isDryRun: boolean,
): Promise<readonly Part[]> {
  switch (action) {
    case 'move-range': {
      const range = { min: boundIn(input, 'min'), max: boundIn(input, 'max') };
      if (range.min !== 'MinKey' && range.max !== 'MaxKey' && range.min >= range.max)
        throw invalidValue(`min (${range.min}) must be before max (${range.max})`, 'min');
      const [shard = ''] = await shardsIn(input, clinical);
      const moved = isDryRun ? await clinical.planMove(range, [shard]) : await clinical.moveRange(range, shard);
      return [part('shard', shard), ...moveParts(moved)];
    }
    case 'add-zone': {
      const zone = zoneIn(input);
      const range = prefixIn(input);
      const shards = await shardsIn(input, clinical);
      // What lies elsewhere moves when the balancer is on, or by move-range.
      const elsewhere = await clinical.planMove(range, shards);
      if (!isDryRun) await clinical.addZone(zone, range, shards);
      return [
        part('zone', zone),
        part('min', range.min),
        part('max', range.max),
        ...shards.map((shard) => part('shard', shard)),
        ...moveParts(elsewhere),
      ];
    }
    case 'remove-zone': {
      const zone = zoneIn(input);
      const ranges = isDryRun ? await rangesOf(zone, clinical) : await clinical.removeZone(zone);
      return [part('zone', zone), ...ranges.map(({ min, max }) => group('range', [part('min', min), part('max', max)]))];
    }
    case 'balancer': {
      const mode = input.value('mode') ?? 'status';
      if (mode !== 'start' && mode !== 'stop' && mode !== 'status')
        throw invalidValue(`mode is start, stop or status, not "${mode}"`, 'mode');
      const state = await clinical.switchBalancer(isDryRun ? 'status' : mode);
      return [part('balancer', state.mode), part('isMoving', state.isMoving)];
    }
    default:
      return unreachable(action);
  }
}

/** @throws FhirError 400 for a zone that is not there */
async function rangesOf(zone: string, { zones }: Administration['clinical']): Promise<readonly KeyRange[]> {
  const ranges = (await zones()).filter((each) => each.zone === zone);
  if (ranges.length === 0) throw invalidValue(`there is no zone "${zone}"`, 'zone');
  return ranges;
}

function moveParts(pieces: readonly MovePiece[]): readonly Part[] {
  const sum = (count: (piece: MovePiece) => number) => pieces.reduce((total, piece) => total + count(piece), 0);
  return [
    part(
      'documents',
      sum(({ documents }) => documents),
    ),
    part(
      'bytes',
      sum(({ bytes }) => bytes),
    ),
    ...pieces.map(({ collection, min, max, from, documents, bytes }) =>
      group('move', [
        part('collection', collection),
        part('min', min),
        part('max', max),
        part('from', from),
        part('documents', documents),
        part('bytes', bytes),
      ]),
    ),
  ];
}

/** A record key or the beginning of one, MinKey or MaxKey. @throws FhirError 400 */
function boundIn(input: OperationInput, name: 'min' | 'max'): string {
  const text = input.value(name);
  if (text === undefined) throw missingValue(`say from which record key (min) up to which (max)`, name);
  const isKey = /^[0-9a-z]{1,10}$/.test(text) || text === (name === 'min' ? 'MinKey' : 'MaxKey');
  if (!isKey) throw invalidValue(`${name} is the beginning of a record key such as 00a1, not "${text}"`, name);
  return text;
}

/** All record keys that begin so. @throws FhirError 400 */
function prefixIn(input: OperationInput): KeyRange {
  const prefix = input.value('prefix');
  if (prefix === undefined) throw missingValue('say which record keys by how they begin', 'prefix');
  if (!/^[0-9a-z]{2}[0-9a-f]{0,8}$/.test(prefix))
    throw invalidValue(`prefix is how record keys begin, such as 01 or 00a, not "${prefix}"`, 'prefix');
  return { min: prefix, max: prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1) };
}

/** @throws FhirError 400 */
function zoneIn(input: OperationInput): string {
  const zone = input.value('zone');
  if (zone === undefined) throw missingValue('say which zone', 'zone');
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(zone)) throw invalidValue(`zone is up to 64 letters, digits, - and _, not "${zone}"`, 'zone');
  return zone;
}

/** @throws FhirError 400 */
async function shardsIn(input: OperationInput, { shardNames }: Administration['clinical']): Promise<readonly string[]> {
  const wanted = input.values('shard');
  if (wanted.length === 0) throw missingValue('say which shard', 'shard');
  const names = await shardNames();
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalidValue(`shard is one of ${names.join(', ')}, not "${unknown}"`, 'shard');
  return wanted;
}
