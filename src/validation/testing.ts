/** What the validator's tests share. */
import { loadDefinitions } from '../definitions/load.ts';
import { createValidator } from './validate.ts';

const validator = createValidator(loadDefinitions());

/** "place: code: message" of each problem. */
export const problems = (...checked: Parameters<typeof validator.validate>): string[] =>
  validator.validate(...checked).map(({ expression, code, diagnostics }) => `${expression?.[0]}: ${code}: ${diagnostics}`);

export const patient = (members: object) => ({ resourceType: 'Patient', ...members });
export const observation = (members: object) => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...members });
