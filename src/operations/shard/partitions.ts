/** What `POST /$shard` does to PostgreSQL's partitions: adds one, archives a year, brings it back. */
import { invalidValue, missingValue } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { Administration, ArchiveDescription } from '../../store/administration.ts';
import { group, type Part, part } from '../answer.ts';
import type { OperationInput } from '../parameters.ts';

export const PARTITION_ACTIONS = ['add-partition', 'archive-partition', 'restore-partition'] as const;
export type PartitionAction = (typeof PARTITION_ACTIONS)[number];

/** @throws FhirError 400 for input, 409 and 422 where the partition is not as the action needs it */
export async function changePartition(
  action: PartitionAction,
  input: OperationInput,
  { administrative }: Administration,
  isDryRun: boolean,
): Promise<readonly Part[]> {
  const table = tableIn(input, administrative.partitionedTables());
  const year = yearIn(input);
  if (isDryRun) {
    const { partition, isThere, rows, bytes, waiting } = await administrative.measurePartition(table, year);
    return [
      part('partition', partition),
      part('isThere', isThere),
      part('rows', rows),
      part('bytes', bytes),
      part('waiting', action === 'add-partition' ? waiting : undefined),
    ];
  }
  switch (action) {
    case 'add-partition': {
      const { partition, isNew } = await administrative.addPartition(table, year);
      return [part('partition', partition), part('isNew', isNew)];
    }
    case 'archive-partition':
      return archiveAnswer(await administrative.archivePartition(table, year, input.value('confirm')));
    case 'restore-partition':
      return archiveAnswer({ ...(await administrative.restorePartition(table, year)), state: 'restored' });
    default:
      return unreachable(action);
  }
}

const NEXT: Readonly<Record<ArchiveDescription['state'] | 'restored', string | undefined>> = {
  detached: 'The same call goes on with the export.',
  exported: 'Exported and verified. The rows are dropped by the same call with confirm=<sha256>, or come back by restore-partition.',
  dropped: undefined,
  restored: undefined,
};

function archiveAnswer(archive: Omit<ArchiveDescription, 'state'> & { readonly state: ArchiveDescription['state'] | 'restored' }) {
  return [...archiveParts(archive), part('next', NEXT[archive.state])];
}

function archiveParts({ partition, state, rows, sha256, file }: Omit<ArchiveDescription, 'state'> & { readonly state: string }) {
  return [part('partition', partition), part('state', state), part('rows', rows), part('sha256', sha256), part('file', file)];
}

/** A row of `GET /$shard`. */
export const archivePart = (archive: ArchiveDescription): Part =>
  group('archive', [part('type', archive.type), ...archiveParts(archive), part('detachedAt', archive.detachedAt)]);

/** By `type` (Encounter) or `table` (encounter). @throws FhirError 400 */
function tableIn(input: OperationInput, tables: readonly { readonly type: string; readonly table: string }[]): string {
  const [name, value] = input.value('type') === undefined ? ['table', input.value('table')] : ['type', input.value('type')];
  if (value === undefined) throw missingValue('say which table by type or table', 'type');
  const found = tables.find(({ type, table }) => value === (name === 'type' ? type : table));
  if (!found)
    throw invalidValue(
      `${name} is one of ${tables.map((each) => (name === 'type' ? each.type : each.table)).join(', ')}, not "${value}"`,
      name,
    );
  return found.type;
}

/** @throws FhirError 400 */
function yearIn(input: OperationInput): number {
  const text = input.value('year');
  if (text === undefined) throw missingValue('say which year', 'year');
  const year = Number(text);
  if (!/^\d{4}$/.test(text) || year < 1) throw invalidValue(`year is four digits, not "${text}"`, 'year');
  return year;
}
