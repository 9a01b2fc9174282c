/** Reference parameters: `Type/id`, `id`, an absolute URL, a canonical `url|version`. */
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { NOTHING, or } from '../expression/expression.ts';
import { parameterKey, valueEntry } from '../parameters/entry-text.ts';
import { referenceText, versionedText } from '../parameters/reference-text.ts';
import type { StoredAs } from '../parameters/stored-as.ts';
import type { CriterionValue } from './criterion.ts';

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

const equals = (key: string, text: string): SearchExpression => ({ kind: 'equals', entry: valueEntry(key, text) });

/** Types that the value may lead to through these entries: the modifier's, the entries' own, or all of the parameter's. */
function typesOf({ modifier, parameter }: CriterionValue, home: StoredAs): readonly string[] {
  const allowed = home.target === undefined ? parameter.targets : [home.target];
  return modifier === undefined ? allowed : allowed.filter((type) => type === modifier);
}

function byId(value: CriterionValue, home: StoredAs, key: string): SearchExpression {
  return or(typesOf(value, home).map((type) => equals(key, `${type}/${value.text}`)));
}

function byText(value: CriterionValue, home: StoredAs, key: string): SearchExpression {
  const reference = referenceText(value.text, value.context.baseUrl);
  const wanted = value.modifier ?? home.target;
  if (wanted !== undefined && reference.type !== wanted) return NOTHING;
  return equals(key, versionedText(reference) ?? reference.text);
}

/** A `[type]` modifier must be one of the parameter's targets. @throws FhirError 400 that lists them */
function checkType({ modifier, parameter, name }: CriterionValue): void {
  if (modifier === undefined || parameter.targets.includes(modifier)) return;
  throw unsupportedParameter(
    `the modifier :${modifier} of "${name}" is not supported; allowed: :missing, :identifier, :${parameter.targets.join(', :')}`,
    name,
  );
}

/**
 * A bare id means any of the parameter's target types. A versioned reference finds what names that version; one without a
 * version finds all.
 * @see https://hl7.org/fhir/R4/search.html#reference
 */
export function referenceExpression(value: CriterionValue): SearchExpression {
  const { text, name, parameter } = value;
  checkType(value);
  if (text.startsWith('#')) throw invalidValue(`${name}: "${text}" points into a resource, which nothing else can refer to`, name);
  return or(
    parameter.storedAs.map((home) => {
      const key = parameterKey(parameter.on, home.code);
      return ID.test(text) && parameter.elementTypes.includes('Reference') ? byId(value, home, key) : byText(value, home, key);
    }),
  );
}
