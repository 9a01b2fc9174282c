/**
 * `POST /$launch`: the hospital's own system makes a `launch` value before it opens a SMART app.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
 */
import definition from '../../fhir/definitions/System-launch.json' with { type: 'json' };
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { isLogicalId } from '../interactions/route.ts';
import { invalidValue } from '../model/error.ts';
import { parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';
import { type OperationInput, readInput } from './parameters.ts';

interface LaunchParameters {
  readonly patient?: string;
  readonly encounter?: string;
  readonly intent?: string;
  readonly client?: string;
  readonly needPatientBanner?: boolean;
}

type CreateLaunch = (launch: LaunchParameters) => Promise<{ readonly launch: string; readonly expiresAt: Date }>;

export function createLaunchOperation(createLaunch: CreateLaunch): Operation {
  return defineOperation({
    definition,
    affectsState: true,
    authorise: (access) => access.requireOperation('launch', 'c'),
    handle: async (request, context) => {
      const { launch, expiresAt } = await createLaunch(readLaunch(request, context));
      return parametersAnswer([part('launch', launch), part('iss', request.baseUrl), part('expires', expiresAt)]);
    },
  });
}

function readLaunch(request: FhirRequest, context: InteractionContext): LaunchParameters {
  const input = readInput(request, context, 'launch');
  const banner = input.value('need-patient-banner');
  if (banner !== undefined && banner !== 'true' && banner !== 'false')
    throw invalidValue('need-patient-banner is true or false', 'need-patient-banner');
  const [patient, encounter] = [idOf(input, 'patient', 'Patient'), idOf(input, 'encounter', 'Encounter')];
  const [intent, client] = [input.value('intent'), input.value('client')];
  return {
    ...(patient && { patient }),
    ...(encounter && { encounter }),
    ...(intent && { intent }),
    ...(client && { client }),
    ...(banner && { needPatientBanner: banner === 'true' }),
  };
}

/** A logical id, with or without its type. Whether it is there, the app learns when it asks with its token. */
function idOf(input: OperationInput, name: string, type: string): string | undefined {
  const id = input.value(name)?.replace(`${type}/`, '');
  if (id !== undefined && !isLogicalId(id)) throw invalidValue(`${id} is not the id of a ${type}`, name);
  return id;
}
