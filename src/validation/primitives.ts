/**
 * Types and formats of primitive values. R4's own patterns, written so that each takes linear time.
 * @see https://hl7.org/fhir/R4/datatypes.html#primitive
 */
import { isDate, isDateTime, isInstant, isTime } from './calendar.ts';
import { kindOfValue, type Problem, shown, wrongValue } from './problem.ts';

/** What is wrong with a value; undefined if nothing is. `null` has been dealt with before. */
export type PrimitiveCheck = (value: unknown) => Problem | undefined;

/** "Strings SHALL NOT exceed 1MB in size". */
const LONGEST_STRING = 1024 * 1024;
const GREATEST_INTEGER = 2 ** 31 - 1;
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** The check of a primitive type by its name; undefined for `xhtml`, whose rules are those of narratives. */
export function primitiveCheck(type: string): PrimitiveCheck | undefined {
  return CHECKS.get(type);
}

const CHECKS: ReadonlyMap<string, PrimitiveCheck> = new Map([
  ['boolean', (value) => (typeof value === 'boolean' ? undefined : wrongType(value, 'true or false'))],
  ['decimal', (value) => (isFiniteNumber(value) ? undefined : wrongType(value, 'a number'))],
  ['integer', integerFrom(-GREATEST_INTEGER - 1)],
  ['unsignedInt', integerFrom(0)],
  ['positiveInt', integerFrom(1)],
  ['string', checkText],
  ['markdown', checkText],
  ['base64Binary', text(isBase64, 'base64')],
  ['date', text(isDate, 'a date that exists: YYYY, YYYY-MM or YYYY-MM-DD')],
  ['dateTime', text(isDateTime, 'a date that exists (YYYY, YYYY-MM, YYYY-MM-DD), or with a time to the second and an offset')],
  ['instant', text(isInstant, 'a day that exists with a time to the second and an offset: YYYY-MM-DDThh:mm:ss.sss+zz:zz')],
  ['time', text(isTime, 'a time of day: hh:mm:ss')],
  ['code', text((value) => CODE.test(value), 'a code: no white space around it, single spaces in it')],
  ['id', text((value) => ID.test(value), 'an id: 1 to 64 letters, digits, "-" and "."')],
  ['uri', text(isUri, 'a URI: no white space')],
  ['url', text(isUri, 'a URL: no white space')],
  ['canonical', text(isUri, 'a canonical URL: no white space')],
  ['oid', text((value) => OID.test(value), 'an OID: urn:oid:1.2.3')],
  ['uuid', text((value) => UUID.test(value), 'a UUID: urn:uuid: and 32 lower-case hex digits in groups')],
]);

const CODE = /^\S+(?:\s\S+)*$/;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/;
const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SPACE = /\s/;
const BASE64 = /^[0-9A-Za-z+/]*={0,2}$/;

function checkText(value: unknown): Problem | undefined {
  if (typeof value !== 'string') return wrongType(value, 'a string');
  if (value.length > LONGEST_STRING)
    return { code: 'too-long', says: `a string may have ${LONGEST_STRING} characters, not ${value.length}` };
  return emptyOrControl(value);
}

function text(holds: (value: string) => boolean, expected: string): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a string');
    return emptyOrControl(value) ?? (holds(value) ? undefined : wrongType(value, expected));
  };
}

function emptyOrControl(value: string): Problem | undefined {
  if (value.length === 0) return wrongValue('a string must not be empty: leave the element out');
  const control = CONTROL.exec(value);
  if (!control) return undefined;
  const hex = value.charCodeAt(control.index).toString(16).padStart(4, '0').toUpperCase();
  return wrongValue(`the control character U+${hex} at position ${control.index} is not allowed`);
}

function integerFrom(least: number): PrimitiveCheck {
  return (value) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= GREATEST_INTEGER) return undefined;
    return wrongType(value, `an integer from ${least} to ${GREATEST_INTEGER}`);
  };
}

function isFiniteNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isUri(value: string): boolean {
  return !SPACE.test(value);
}

function isBase64(value: string): boolean {
  const compact = SPACE.test(value) ? value.replace(/\s+/g, '') : value;
  return compact.length > 0 && compact.length % 4 === 0 && BASE64.test(compact);
}

function wrongType(value: unknown, expected: string): Problem {
  const given = typeof value === 'object' ? kindOfValue(value) : shown(value);
  return wrongValue(`${given} is not ${expected}`);
}
