/** The parameters of full text as the index keeper takes them: indexed like those that clients register, and answering when that is done. */
import type { SearchParameterDefinition } from '../definitions/definitions.ts';
import { type OwnParameterRules, typesOf } from '../search/parameters/own-parameter.ts';
import type { Own } from './own-parameters.ts';

/** What is indexed word by word: nothing, narratives, or narratives and everything else. */
export type FullText = 'off' | 'text' | 'all';

const CODES: Readonly<Record<FullText, readonly string[]>> = { off: [], text: ['_text'], all: ['_text', '_content'] };

/** To be raised whenever other words are made of the same text: everything is then indexed anew. */
const VERSION = 1;

/** The parameters that the setting switches on. */
export function fullTextParameters(fullText: FullText, definitions: OwnParameterRules['definitions']): Own[] {
  const asOwn = (definition: SearchParameterDefinition): Own => ({
    name: `full-text${definition.code}/${VERSION}`,
    id: '',
    definition,
    types: typesOf(definition, definitions),
    isCovered: false,
  });
  return definitions.searchParameters.filter(({ code }) => CODES[fullText].includes(code)).map(asOwn);
}
