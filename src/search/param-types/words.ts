/**
 * Full text: the words of a value, all of which the text must have, in any order; those between double quotes one after the other.
 * @see https://hl7.org/fhir/R4/search.html#content
 */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and } from '../expression/expression.ts';
import { parameterKey, valueEntry } from '../parameters/entry-text.ts';
import { LONGEST_PHRASE, runStart, runText } from '../parameters/extract/words.ts';
import { searchedWords } from '../parameters/words.ts';
import type { CriterionValue } from './criterion.ts';

/** Words of one alternative. */
const MOST_SEARCHED = 32;

/** @throws FhirError 400 for a value without a word that is indexed, an open quote, too many words or too long a phrase */
export function wordsExpression({ parameter, text, name }: CriterionValue): SearchExpression {
  // Every second part lies between quotes.
  const parts = text.split('"');
  if (parts.length % 2 === 0) throw invalidValue(`${name}: a quote is not closed; a comma within quotes is written "\\,"`, name);
  const phrases = parts.map(searchedWords);
  const words = [...new Set(phrases.flat())];
  if (words.length === 0)
    throw invalidValue(`${name}: "${text}" has no word that is indexed: single letters and words like "the" are not`, name);
  if (words.length > MOST_SEARCHED) throw invalidValue(`${name}: at most ${MOST_SEARCHED} words, not ${words.length}`, name);
  const key = parameterKey(parameter.on, parameter.code);
  return and([
    ...words.map((word): SearchExpression => ({ kind: 'equals', entry: valueEntry(key, word) })),
    ...phrases.flatMap((phrase, i) => (i % 2 === 1 && phrase.length > 1 ? [phraseExpression(key, phrase, name)] : [])),
  ]);
}

function phraseExpression(key: string, phrase: readonly string[], name: string): SearchExpression {
  if (phrase.length > LONGEST_PHRASE)
    throw invalidValue(`${name}: a phrase of at most ${LONGEST_PHRASE} words can be searched, not ${phrase.length}`, name);
  return { kind: 'contains', start: runStart(key), text: runText(phrase) };
}
