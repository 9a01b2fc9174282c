/**
 * The texts of index entries: written by the extractors, looked up by `param-types`. Only this file knows their form.
 *
 * | value | entries (`P` is `<Type>.<parameter>`) |
 * | --- | --- |
 * | Coding, Identifier | `P~<code>`, and `P^<system>|<code>` to narrow it |
 * | code, boolean, ContactPoint, id | `P~<code>`; also `P^|<code>` where the parameter has Codings too |
 * | words beside a code (`:text`) | `P:text=<folded>`, and `P~` if there is no code |
 * | string | `P=<folded>␟<exact>`: U+001F between; the exact text is left out if it is the folded one |
 * | reference | `P=Patient/1`, elsewhere `P=Patient/1@https://other/fhir`, also with `/_history/2` |
 * | uri, canonical | `P=<uri>`; with a version also `P=<uri>|<version>` |
 * | full text | `P=<word>`, and `P:text= <word> <word> … ` for phrases: see `extract/words.ts` |
 * | composite of a repeating element | those of its last part, `P` being `<Type>.<parameter>$^<system>|<code>`, `…$^<system>|` or `…$~<code>` |
 *
 * A parameter's name has none of `=`, `~`, `^` and `|`, so no entry of one parameter starts like another's.
 *
 * **Entries that narrow** (`isNarrowing`, `isNarrowingKey`) never stand alone in a condition: another, which is selective by
 * itself, stands beside them. So a store need not index them; each index key is paid by every write. Figures: decision 003.
 */
import { hash } from 'node:crypto';

/** Texts longer than this are cut and end in a hash of the whole, which keeps equality exact and indexes small. */
export const ENTRY_TEXT_LIMIT = 256;

/** Between a string's folded and its exact form; never part of either. */
export const EXACT_MARK = '\u001f';

/** `<Type>.<parameter>`. */
export const parameterKey = (type: string, code: string) => `${type}.${code}`;

/** The key of a composite's last part where its first is this token (the entry of it without its key: `=system|code`, `~code`). */
export const compositeKey = (key: string, token: string) => `${key}$${token}`;

const TEXT_SUFFIX = ':text';
const NARROW = '*';

/** `Observation.code:text`: the words beside a code, where `:text` looks. */
export const textKey = (key: string) => `${key}${TEXT_SUFFIX}`;
/** `Patient.identifier:of-type`: identifiers with their type, where `:of-type` looks. */
export const ofTypeKey = (key: string) => `${key}:of-type`;
/** `Observation.subject:identifier`: references by identifier, where `:identifier` looks. */
export const identifierKey = (key: string) => `${key}:identifier`;

/** An identifier's value behind the code of its type, as one code of the type's system. */
export const typedValue = (typeCode: string, value: string) => `${typeCode.toLowerCase()}|${value}`;

/** The text itself up to the limit, else its start and a hash of all of it. */
function cutText(text: string): string {
  if (text.length <= ENTRY_TEXT_LIMIT) return text;
  return `${text.slice(0, ENTRY_TEXT_LIMIT).toWellFormed()}#${hash('sha1', text, 'hex').slice(0, 16)}`;
}

// PostgreSQL's text holds no U+0000.
const withoutNul = (text: string) => (text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text);

/** A code with its system; the system is '' if the value has none. */
export function tokenEntry(key: string, system: string, code: string): string {
  return `${key}${systemStart(system)}${cutText(withoutNul(code))}`;
}

/** How the entries of all codes of a system start. */
export const systemPrefix = (key: string, system: string) => `${key}${systemStart(system)}`;

/** Of an entry without its key, `^system|code`, what stands for any code of the system; [] if it has no system. */
export const systemOfToken = (token: string) => (token.startsWith('^') && token[1] !== '|' ? [token.slice(0, token.indexOf('|') + 1)] : []);

const systemStart = (system: string) => `^${system.includes('|') ? system.replaceAll('|', '%7C') : system}|`;

/** A code in any system, or in none. */
export const codeEntry = (key: string, code: string) => `${key}~${cutText(withoutNul(code))}`;

/** The parameter that people search a record by, besides its patient. */
export const HOT_CODE = 'code';

/** A patient and one entry of a resource in the patient's compartment. */
export const patientCode = (patient: string, type: string, entry: string) => `${patient}|${entry.slice(type.length + 1)}`;

const MARK = /[=~^]/;

/** True for an entry that only narrows what another condition finds: a code with its system, the words beside a code. */
export function isNarrowing(entry: string): boolean {
  const at = entry.search(MARK);
  return entry[at] === '^' || entry.startsWith(TEXT_SUFFIX, at - TEXT_SUFFIX.length);
}

/** The same of a range's key: a quantity's value whatever its unit, or by its human unit; and ranges of composites. */
export const isNarrowingKey = (key: string): boolean => key.startsWith(NARROW) || isOfComposite(key);

/** The mark stands in the parameter's part of the key; a unit may have one too. */
function isOfComposite(key: string): boolean {
  const [mark, bar] = [key.indexOf('$'), key.indexOf('|')];
  return mark >= 0 && (bar < 0 || mark < bar);
}

/**
 * How the keys start beside which a quantity's narrowing key can stand: one of them is there with each. Undefined for a
 * composite's, whose keys all narrow: the entry of its token stands beside it.
 */
export function widerKeyPrefix(key: string): string | undefined {
  return key.startsWith(NARROW) && !isOfComposite(key) ? `${key.slice(NARROW.length).split('|', 1)[0]}|` : undefined;
}

/** A reference, uri or canonical. */
export const valueEntry = (key: string, value: string) => `${key}=${cutText(withoutNul(value))}`;

/** How all valued entries of a parameter start: is there one at all? Tokens need `anyCodePrefix`. */
export const anyValuePrefix = (key: string) => `${key}=`;
/** The same for tokens, whose entries of a code alone start so. */
export const anyCodePrefix = (key: string) => `${key}~`;

/** How the entries of a token start that tell each value once: with the system, where values have one. */
export const tokenStart = (key: string, hasSystems: boolean) => (hasSystems ? `${key}^` : anyCodePrefix(key));

const ACCENTS = /\p{M}+/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it takes out
const CONTROL = /[\u0000-\u001f\u007f]+/g;
const PLAIN = /^[ -~]*$/;

/**
 * Letters that no decomposition takes apart. Unicode's root collation tells them from these texts by accent or case only, and
 * "ı" is the lower case of a plain "I"; it has þ, ŋ and ŧ as letters of their own, and so they stay.
 */
const LETTERS: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', ð: 'd', đ: 'd', ħ: 'h', ı: 'i', ł: 'l', ø: 'o' };
const LETTER = /[ßæœðđħıłø]/g;

/**
 * Lower case without accents, control characters as one space: what two strings must have in common to match.
 * @see https://hl7.org/fhir/R4/search.html#string
 * @see https://www.unicode.org/reports/tr10/
 */
export function foldText(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  const bare = text.toLowerCase().normalize('NFKD').replace(ACCENTS, '');
  const plain = bare.toLowerCase().replace(LETTER, (letter) => LETTERS[letter] as string);
  return plain.normalize('NFKC').replace(CONTROL, ' ');
}

const exactText = (text: string) => text.replace(CONTROL, ' ');

/** A string: found by the start of its folded form, or exactly. */
export function stringEntry(key: string, text: string): string {
  const folded = foldText(text);
  const exact = exactText(text);
  return `${key}=${cutText(folded)}${EXACT_MARK}${exact === folded ? '' : cutText(exact)}`;
}

/** How the entries of all strings that start so begin. Only for texts within the limit. */
export const stringPrefix = (key: string, text: string) => `${key}=${foldText(text)}`;

/** Units of measure: the system of quantities that are compared by what they mean. @see https://ucum.org */
export const UCUM = 'http://unitsofmeasure.org';
/** Money's codes are currencies. */
export const CURRENCY = 'urn:iso:std:iso:4217';

/**
 * The keys of the ranges of a quantity: by system and code (`P|system|code`) or by what else is its unit, which an index
 * finds; whatever the unit (`*P`), and by a human unit that the code doesn't tell (`*P||unit`), which narrow. A UCUM unit
 * that can be converted has `canonicalKey` instead of the first.
 */
export function quantityKeys(
  key: string,
  quantity: { system?: string | undefined; code?: string | undefined; unit?: string | undefined },
): string[] {
  const { system = '', code, unit = '' } = quantity;
  if (code === undefined) return [unitKey(key, '', unit), anyUnitKey(key)];
  const keys = [unitKey(key, system, code), anyUnitKey(key)];
  const isPlain = system === UCUM || system === '';
  if (!isPlain) keys.push(humanUnitKey(key, code));
  if (unit !== '' && unit !== code) keys.push(humanUnitKey(key, unit));
  return keys;
}

/** The key of ranges in this unit. */
export const unitKey = (key: string, system: string, code: string) => `${key}|${cutText(system)}|${cutText(withoutNul(code))}`;

/** The key of ranges in the base units of a UCUM dimension. "=" is no system. */
export const canonicalKey = (key: string, dimension: string) => unitKey(key, '=', dimension);

/** The key of a quantity's ranges whatever their units. */
export const anyUnitKey = (key: string) => `${NARROW}${key}`;

const humanUnitKey = (key: string, unit: string) => `${NARROW}${unitKey(key, '', unit)}`;

/** The keys to look under for a unit without a system, beside UCUM's: whatever `quantityKeys` may have written for it. */
export const bareUnitKeys = (key: string, unit: string) => [unitKey(key, '', unit), humanUnitKey(key, unit)];

const PHONE = /^[+\d().\-/\s]+$/;
const PHONE_FILLING = /[().\-/\s]+/g;

/** A telephone number without its punctuation, or any other contact in lower case. */
const contactText = (text: string) => (PHONE.test(text) ? text.replace(PHONE_FILLING, '') : text.toLowerCase());

const TOKEN_CASE: Readonly<Record<string, (text: string) => string>> = {
  ContactPoint: contactText,
  // Identifier.value is case sensitive, ids and uris are; for codes R4 says "not case sensitive".
  Identifier: (text) => text,
  id: (text) => text,
  string: (text) => text,
  uri: (text) => text,
};

/**
 * A token as it is compared, by the type of its element.
 * @see https://hl7.org/fhir/R4/search.html#token
 */
export function tokenText(elementType: string, text: string): string {
  return (TOKEN_CASE[elementType] ?? lower)(text);
}

const lower = (text: string) => text.toLowerCase();

const CODED = new Set(['Coding', 'CodeableConcept', 'Identifier']);

/** True for types whose values have a system beside the code. */
export const hasSystem = (elementType: string) => CODED.has(elementType);
