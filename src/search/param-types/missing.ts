/** `:missing`. @see https://hl7.org/fhir/R4/search.html#missing */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { not, or } from '../expression/expression.ts';
import { anyCodePrefix, anyUnitKey, anyValuePrefix, parameterKey } from '../parameters/entry-text.ts';
import { positionKeys } from '../parameters/extract/special.ts';
import type { SearchParameter } from '../parameters/registry.ts';
import type { StoredAs } from '../parameters/stored-as.ts';

const someRange = (key: string): SearchExpression => ({ kind: 'range', key, conditions: [] });
const somePrefix = (entry: string): SearchExpression => ({ kind: 'prefix', entry });

function presentAs(parameter: SearchParameter, home: StoredAs): SearchExpression {
  const key = parameterKey(parameter.on, home.code);
  if (home.target !== undefined) return somePrefix(`${anyValuePrefix(key)}${home.target}/`);
  switch (parameter.type) {
    case 'date':
    case 'number':
      return someRange(key);
    case 'quantity':
      return someRange(anyUnitKey(key));
    case 'special':
      return someRange(positionKeys(key).latitude);
    case 'token':
      return somePrefix(anyCodePrefix(key));
    default:
      return somePrefix(anyValuePrefix(key));
  }
}

/** The resource has a value that this parameter finds. No entry is kept for absence: it is the lack of all others. */
function presentExpression(parameter: SearchParameter): SearchExpression {
  return or(parameter.storedAs.map((home) => presentAs(parameter, home)));
}

/** @throws FhirError 400 unless the value is `true` or `false` */
export function missingExpression(parameters: readonly SearchParameter[], value: string, name: string): SearchExpression {
  if (value !== 'true' && value !== 'false') throw invalidValue(`${name}: :missing is true or false, not "${value}"`, name);
  const present = or(parameters.map(presentExpression));
  return value === 'true' ? not(present) : present;
}
