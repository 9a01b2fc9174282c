/**
 * Entries of `_text` and `_content`: each word once, and runs of words that phrases are looked for in.
 *
 * A run has the words as they follow each other, and half of it is in the next run too, so that every phrase of up to
 * `LONGEST_PHRASE` words is whole in one of them. Runs only narrow what the words have found, and no index holds them.
 */
import { textKey, valueEntry } from '../entry-text.ts';
import type { WordReader } from '../words.ts';
import type { Extract } from './extract.ts';
import { allTexts, narrativeTexts } from './text-of.ts';

/** The parameters of full text, and which texts each is about. */
const TEXTS: Readonly<Record<string, (resource: object) => string[]>> = { _text: narrativeTexts, _content: allTexts };

/** True for a parameter that looks for words. */
export const isFullText = (code: string) => Object.hasOwn(TEXTS, code);

/** Words of one resource that are indexed: the first ones. */
export const MOST_WORDS = 1_000;
export const LONGEST_PHRASE = 8;
const RUN = 2 * LONGEST_PHRASE;
/** Between two texts, so that no phrase goes from one into the other. It is no word. */
const BREAK = '|';

/** How a parameter's runs of words start. */
export const runStart = (key: string) => `${textKey(key)}=`;

/** Words as they stand in a run: none is found as a part of another. */
export const runText = (words: readonly string[]) => ` ${words.join(' ')} `;

/** Puts the words of a whole resource. `key` is `<Type>.<code>`. */
export function wordExtractor(key: string, code: string, read: WordReader): Extract {
  return (resource, sink) => {
    const words = wordsIn(TEXTS[code]?.(resource as object) ?? [], read);
    for (const word of new Set(words)) if (word !== BREAK) sink.s.push(valueEntry(key, word));
    if (words.length < 2) return;
    for (let from = 0; from === 0 || from + LONGEST_PHRASE < words.length; from += LONGEST_PHRASE)
      sink.s.push(`${runStart(key)}${runText(words.slice(from, from + RUN))}`);
  };
}

function wordsIn(texts: readonly string[], read: WordReader): string[] {
  const words: string[] = [];
  for (const text of texts) {
    if (words.length >= MOST_WORDS) break;
    const found = read(text);
    if (found.length === 0) continue;
    if (words.length > 0) words.push(BREAK);
    for (const word of found) words.push(word);
  }
  return words.slice(0, MOST_WORDS);
}
