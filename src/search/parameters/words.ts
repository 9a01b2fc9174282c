/**
 * The words of a text as full-text search compares them: folded, without those that say nothing, and cut back to their stems
 * by Porter's rules for English, so that "allergies" finds "allergy". Writes and searches take words from here alone.
 * @see https://tartarus.org/martin/PorterStemmer/
 */
import { stemmer } from 'stemmer';
import { foldText } from './entry-text.ts';

/** What is left of a text: its words in order, each as often as it occurs. */
export type WordReader = (text: string) => string[];

const WORD = /[\p{L}\p{N}]+/gu;
const ENGLISH = /^[a-z]+$/;
/** Words that most texts have, and single letters of the alphabet: they would find everything. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  `an and are as at be but by for from had has have if in into is it its no not of on or such that the their then there these they
   this to was were will with a b c d e f g h i j k l m n o p q r s t u v w x y z`.split(/\s+/),
);
/** Longer words are cut: it keeps the entries of a phrase within what stores take. */
const LONGEST_WORD = 24;
/** Records say the same words again and again: so many stems are remembered. */
const REMEMBERED = 20_000;

const stemOf = (word: string) => (ENGLISH.test(word) ? stemmer(word) : word).slice(0, LONGEST_WORD).toWellFormed();

/** A reader that remembers the stems it has seen. */
export function createWordReader(): WordReader {
  const known = new Map<string, string>();
  const remembered = (word: string) => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const stem = stemOf(word);
    if (known.size >= REMEMBERED) known.clear();
    if (word.length <= LONGEST_WORD) known.set(word, stem);
    return stem;
  };
  return (text) => readWords(text, remembered);
}

/** The words of a search's text. */
export const searchedWords: WordReader = (text) => readWords(text, stemOf);

function readWords(text: string, stem: (word: string) => string): string[] {
  const words = foldText(text).match(WORD) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map(stem);
}
