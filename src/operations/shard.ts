/** `$shard`: where everything lies, as MongoDB and PostgreSQL report it; and, by POST, changes of the layout. */
import definition from '../../fhir/definitions/System-shard.json' with { type: 'json' };
import { invalidValue } from '../model/error.ts';
import type { Administration } from '../store/administration.ts';
import type { SearchShape } from '../store/layers/recent-shapes.ts';
import { parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';
import { type OperationInput, readInput } from './parameters.ts';
import type { AdministrationLog } from './replica/act.ts';
import { carryOut, isShardAction, SHARD_ACTIONS } from './shard/act.ts';
import { describeAll } from './shard/describe.ts';
import { whatIf } from './shard/what-if.ts';

export function createShardOperation(
  administration: Administration,
  log: AdministrationLog,
  recentShapes: () => readonly SearchShape[],
): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    isAdministrative: true,
    authorise: (access) => access.requireOperation('shard', 'r'),
    handle: async (request, context) => {
      const input = readInput(request, context, '');
      const action = input.value('action');
      const question = input.value('what-if');
      if (question !== undefined && action === undefined) return parametersAnswer(await whatIf(question, administration, recentShapes()));
      if (action === undefined) return parametersAnswer(await describeAll(administration));
      if (request.method !== 'POST') throw invalidValue('an action is asked for by POST', 'action');
      if (!isShardAction(action)) throw invalidValue(`action is one of ${SHARD_ACTIONS.join(', ')}, not "${action}"`, 'action');
      request.access.requireOperation('shard', 'u');
      const isDryRun = flagIn(input, 'dry-run');
      const { client, subject, request: requestId } = request.by;
      log(`$shard ${action}`, { isDryRun, client, subject, requestId });
      const done = await carryOut(action, input, administration, isDryRun);
      return parametersAnswer([part('action', action), part('dry-run', isDryRun || undefined), ...done]);
    },
  });
}

/** @throws FhirError 400 */
function flagIn(input: OperationInput, name: string): boolean {
  const text = input.value(name) ?? 'false';
  if (text !== 'true' && text !== 'false') throw invalidValue(`${name} is true or false, not "${text}"`, name);
  return text === 'true';
}
