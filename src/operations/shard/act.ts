/** What `POST /$shard` does. */
import type { Administration } from '../../store/administration.ts';
import type { Part } from '../answer.ts';
import type { OperationInput } from '../parameters.ts';
import { CLINICAL_ACTIONS, type ClinicalAction, changeShards } from './clinical.ts';
import { changePartition, PARTITION_ACTIONS, type PartitionAction } from './partitions.ts';

export const SHARD_ACTIONS = [...PARTITION_ACTIONS, ...CLINICAL_ACTIONS] as const;
type ShardAction = PartitionAction | ClinicalAction;

export const isShardAction = (text: string): text is ShardAction => (SHARD_ACTIONS as readonly string[]).includes(text);

const isClinical = (action: ShardAction): action is ClinicalAction => (CLINICAL_ACTIONS as readonly string[]).includes(action);

/** @throws FhirError 400 for input, 409, 422, 503 where the layout is not as the action needs it */
export function carryOut(
  action: ShardAction,
  input: OperationInput,
  administration: Administration,
  isDryRun: boolean,
): Promise<readonly Part[]> {
  return isClinical(action)
    ? changeShards(action, input, administration, isDryRun)
    : changePartition(action, input, administration, isDryRun);
}
