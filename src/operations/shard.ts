/** `GET /$shard`: where everything lies, as MongoDB and PostgreSQL report it. */
import definition from '../../fhir/definitions/System-shard.json' with { type: 'json' };
import type { Administration } from '../store/administration.ts';
import { parametersAnswer } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';
import { describeAll } from './shard/describe.ts';

export function createShardOperation(administration: Administration): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    isAdministrative: true,
    authorise: (access) => access.requireOperation('shard', 'r'),
    handle: async () => parametersAnswer(await describeAll(administration)),
  });
}
