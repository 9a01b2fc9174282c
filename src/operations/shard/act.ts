/** What `POST /$shard` does. */
import type { Administration } from '../../store/administration.ts';
import type { Part } from '../answer.ts';
import type { OperationInput } from '../parameters.ts';
import { changePartition, PARTITION_ACTIONS } from './partitions.ts';

export const SHARD_ACTIONS = PARTITION_ACTIONS;
export type ShardAction = (typeof SHARD_ACTIONS)[number];

export const isShardAction = (text: string): text is ShardAction => (SHARD_ACTIONS as readonly string[]).includes(text);

/** @throws FhirError 400 for input, 409, 422, 503 where the layout is not as the action needs it */
export function carryOut(
  action: ShardAction,
  input: OperationInput,
  administration: Administration,
  isDryRun: boolean,
): Promise<readonly Part[]> {
  return changePartition(action, input, administration, isDryRun);
}
