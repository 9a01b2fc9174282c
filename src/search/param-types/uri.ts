/** Uri parameters: equal as texts; `:below` by whole path segments, `:above` the other way round. */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';
import { ENTRY_TEXT_LIMIT, parameterKey, valueEntry } from '../parameters/entry-text.ts';
import type { CriterionValue } from './criterion.ts';

const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry });

function below(key: string, uri: string): SearchExpression {
  const start = uri.endsWith('/') ? uri : `${uri}/`;
  return or([equals(valueEntry(key, uri)), { kind: 'prefix', entry: valueEntry(key, start) }]);
}

/** The URI itself and every start of it that ends before a `/` of its path. */
function ancestors(uri: string): string[] {
  const path = uri.indexOf('/', uri.indexOf('://') + 3);
  const ends = [...uri].flatMap((character, at) => (character === '/' && path >= 0 && at >= path ? [at] : []));
  return [uri, ...ends.map((end) => uri.slice(0, end)), ...ends.map((end) => uri.slice(0, end + 1))];
}

/** @throws FhirError 400 for `:below` and `:above` of what is no URL @see https://hl7.org/fhir/R4/search.html#uri */
export function uriExpression({ text, name, modifier, parameter }: CriterionValue): SearchExpression {
  const keys = parameter.storedAs.map((home) => parameterKey(parameter.on, home.code));
  if (modifier === undefined) return or(keys.map((key) => equals(valueEntry(key, text))));
  if (!text.includes('://')) throw invalidValue(`${name}: "${text}" is not a URL, which :${modifier} needs`, name);
  if (text.length > ENTRY_TEXT_LIMIT) throw invalidValue(`${name}: :${modifier} takes URLs of up to ${ENTRY_TEXT_LIMIT} characters`, name);
  if (modifier === 'below') return or(keys.map((key) => below(key, text)));
  const starts = [...new Set(ancestors(text))];
  return or(keys.flatMap((key) => starts.map((start) => equals(valueEntry(key, start)))));
}
