/**
 * JSON text read and spliced without losing a byte that the client sent. A resource is kept and sent as text (`raw`), so
 * the gateway never re-serialises it: it parses once to look at the values, and splices `id` and `meta` into the text.
 *
 * All but `parseJson` take text that `parseJson` has accepted.
 *
 * @see https://hl7.org/fhir/R4/json.html
 */
import { invalidValue } from './error.ts';
import { measureJson, newSpan, nextSpan, skipSpace, valueEnd } from './json-scan.ts';
import { parseLossless, pathText, toPlain } from './lossless-json.ts';

type JsonPath = readonly (string | number)[];

/** NUL, halves of surrogate pairs, and `_` (which could spell `__proto__`), written as escapes. */
const SUSPECT_ESCAPE = /\\u(?:0000|[dD][89a-fA-F]|005[fF])/;

/**
 * The value of `text` as `JSON.parse` gives it, with what that lacks: nesting over `limits.maxDepth` (the root object is
 * level 1), duplicate names, the name `__proto__`, NUL characters and lone surrogates are refused, and an error says line,
 * column and path. A leading byte order mark is skipped (RFC 8259 section 8.1 allows it). Costs 1.3 times `JSON.parse`.
 * @throws FhirError 400
 */
export function parseJson(text: string, limits: { readonly maxDepth: number }): unknown {
  const measure = measureJson(text);
  if (measure.depth > limits.maxDepth) return parseStrictly(text, limits);
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch {
    return parseStrictly(text, limits);
  }
  if (countMembers(value, text.includes('\\')) !== measure.members) return parseStrictly(text, limits);
  // A narrative may well speak of "__proto__", and most surrogates come in pairs: so look at the values too.
  return isSuspect(text) && holdsForbidden(value) ? parseStrictly(text, limits) : value;
}

/** Finds the place of an error; or the right value where `JSON.parse` had a wrong one. */
function parseStrictly(text: string, limits: { readonly maxDepth: number }): unknown {
  return toPlain(parseLossless(text, limits));
}

function isSuspect(text: string): boolean {
  return (text.includes('\\u') && SUSPECT_ESCAPE.test(text)) || text.includes('__proto__') || !text.isWellFormed();
}

/** A NUL, half of a surrogate pair, or the name `__proto__`, which is harmless here but not where an object is copied by assignment. */
function holdsForbidden(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).some(
    (name) => name === '__proto__' || holdsForbidden(name) || holdsForbidden((value as Record<string, unknown>)[name]),
  );
}

/**
 * How many members all objects in `value` have; fewer than the text has colons if a name came twice. NaN if `checkNames`
 * and a name holds a backslash: V8 13.6 (Node 24) takes an escaped name for a name that it saw before in that place, if
 * that one begins with the same characters *unescaped*. After `{"日":1,"\\":2}` it
 * reads `{"日":1,"\u0061":2}` as `{"日":1,"\\":2}`.
 */
function countMembers(value: unknown, checkNames: boolean): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) members += countMembers(item, checkNames);
    return members;
  }
  const object = value as Record<string, unknown>;
  for (const name in object) {
    if (checkNames && name.includes('\\')) return Number.NaN;
    members++;
    const member = object[name];
    if (typeof member === 'object' && member !== null) members += countMembers(member, checkNames);
  }
  return members;
}

/** What the server sets on each version. Plain text: ids, numbers and instants need no JSON escapes. */
interface ResourceStamp {
  readonly id: string;
  readonly versionId: string;
  /** `YYYY-MM-DDThh:mm:ss.sssZ`. */
  readonly lastUpdated: string;
}

/**
 * The resource's text with `id`, `meta.versionId` and `meta.lastUpdated` set, right after `resourceType`. The rest of `meta`
 * and every other member stay as they were, lexemes and order included; the client's own `id`, `versionId` and
 * `lastUpdated` (with their `_…` companions in `meta`) go. Line breaks and indentation outside strings go too.
 */
export function stampResource(text: string, stamp: ResourceStamp): string {
  const source = compactJson(text);
  const span = newSpan();
  let type = '';
  let metaRest = '';
  let rest = '';
  let found = 0;
  let searched = false;
  let runStart = -1;
  let runEnd = -1;
  for (let at = skipSpace(source, 0) + 1; nextSpan(source, at, true, span); at = span.valueEnd) {
    if (isStamped(span.name)) {
      if (span.name === 'resourceType') type = source.slice(span.valueStart, span.valueEnd);
      else if (span.name === 'meta') metaRest = unstampedMeta(source.slice(span.valueStart, span.valueEnd));
      found++;
      if (runStart >= 0) rest += `,${source.slice(runStart, runEnd)}`;
      runStart = -1;
    } else {
      if (runStart < 0) runStart = span.start;
      runEnd = span.valueEnd;
      if (found === STAMPED_MEMBERS || (!searched && type !== '' && !mayHoldStamped(source, span.valueStart))) break;
      searched ||= type !== '';
    }
  }
  if (runStart >= 0) rest += `,${source.slice(runStart, source.lastIndexOf('}'))}`;
  const head = type === '' ? '{' : `{"resourceType":${type},`;
  return `${head}"id":"${stamp.id}","meta":{"versionId":"${stamp.versionId}","lastUpdated":"${stamp.lastUpdated}"${metaRest}}${rest}}`;
}

const STAMPED_MEMBERS = 3;
const isStamped = (name: string) => name === 'resourceType' || name === 'id' || name === 'meta';

/** Three searches are much cheaper than stepping over each member; most created resources have neither `id` nor `meta`. */
function mayHoldStamped(source: string, from: number): boolean {
  return source.includes('"meta"', from) || source.includes('"id"', from) || source.includes('\\u', from);
}

const REPLACED_META = new Set(['versionId', '_versionId', 'lastUpdated', '_lastUpdated']);

/** The members of a `meta` that the server doesn't set, each with a comma before it. */
function unstampedMeta(meta: string): string {
  if (!meta.startsWith('{')) return '';
  const span = newSpan();
  let rest = '';
  for (let at = 1; nextSpan(meta, at, true, span); at = span.valueEnd) {
    if (!REPLACED_META.has(span.name)) rest += `,${meta.slice(span.start, span.valueEnd)}`;
  }
  return rest;
}

/**
 * Takes line breaks, indentation and the space after a member's colon out of pretty-printed text. A raw line break can't
 * stand inside a JSON string. A quote right after a letter or digit closes a string (an escaped one follows a backslash),
 * and so the colon after it is a member's; a plain search for `": ` would also hit the value `": b"`, and is slower.
 */
function compactJson(text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return text;
  return text.replace(/[\r\n][ \t\r\n]*/g, '').replace(/(?<=[A-Za-z0-9])" ?: /g, '":');
}

/**
 * For a Bundle: the text of each `entry[i].resource`, undefined for an entry without one. One pass; the texts are slices
 * that keep the Bundle's text alive. Anything but a Bundle with an `entry` array gives [].
 */
export function bundleResourceTexts(text: string): readonly (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  const root = newSpan();
  const entry = newSpan();
  for (let at = skipSpace(text, 0) + 1; nextSpan(text, at, true, root); at = root.valueEnd) {
    if (root.name !== 'entry' || text[root.valueStart] !== '[') continue;
    for (let item = root.valueStart + 1; nextSpan(text, item, false, entry); item = entry.valueEnd) {
      texts.push(memberText(text, entry.valueStart, 'resource'));
    }
  }
  return texts;
}

/** The text of the member `name` of the object that starts at `start`. */
function memberText(text: string, start: number, name: string): string | undefined {
  if (text[start] !== '{') return undefined;
  const span = newSpan();
  for (let at = start + 1; nextSpan(text, at, true, span); at = span.valueEnd) {
    if (span.name === name) return text.slice(span.valueStart, span.valueEnd);
  }
  return undefined;
}

/** One change: puts `text` (JSON) at `path`; undefined removes the member or element. */
export interface JsonEdit {
  readonly path: JsonPath;
  readonly text: string | undefined;
}

/** Edits of one container, by member name or index; a leaf holds the edit itself. */
interface EditNode {
  readonly children: Map<string | number, EditNode>;
  edit?: JsonEdit;
}

/**
 * `text` with all edits made at once: indexes mean the elements as they stand in `text`. Everything else stays byte for
 * byte. A member that the object doesn't have, or an element one past the array's end, is put last; removing what isn't
 * there does nothing. Costs one pass, however many edits.
 * @throws FhirError 400 if a container on the path is missing, or one edit lies inside another
 */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  if (edits.length === 0) return text;
  const root: EditNode = { children: new Map() };
  for (const edit of edits) addEdit(root, edit);
  const start = skipSpace(text, 0);
  const end = valueEnd(text, start);
  return text.slice(0, start) + editedValue(text, start, root) + text.slice(end);
}

function addEdit(root: EditNode, edit: JsonEdit): void {
  let node = root;
  for (const step of edit.path) {
    if (node.edit) throw overlapping(edit);
    const child = node.children.get(step) ?? { children: new Map() };
    node.children.set(step, child);
    node = child;
  }
  if (node.edit || node.children.size > 0) throw overlapping(edit);
  node.edit = edit;
}

const overlapping = (edit: JsonEdit) => invalidValue('two edits of a resource touch the same place', pathText('', edit.path));
const nowhere = (edit: JsonEdit) => invalidValue('the place to edit is not there', pathText('', edit.path));

/** The text of the container at `start`, edited. What stands between two commas is one piece, white space included. */
function editContainer(text: string, start: number, node: EditNode): string {
  const isObject = text[start] === '{';
  if (!isObject && text[start] !== '[') throw nowhere(firstEdit(node));
  const pending = new Map(node.children);
  const span = newSpan();
  const pieces: string[] = [];
  let comma = start;
  let index = 0;
  for (let at = start + 1; nextSpan(text, at, isObject, span); at = comma) {
    const pieceStart = comma + 1;
    comma = skipSpace(text, span.valueEnd);
    const step = isObject ? span.name : index++;
    const child = pending.get(step);
    pending.delete(step);
    if (!child) pieces.push(text.slice(pieceStart, comma));
    else if (!isRemoval(child)) {
      pieces.push(text.slice(pieceStart, span.valueStart) + editedValue(text, span.valueStart, child) + text.slice(span.valueEnd, comma));
    }
  }
  for (const [step, child] of pending) if (!isRemoval(child)) pieces.push(addedPiece(step, child, isObject, index++));
  return text[start] + pieces.join(',') + (isObject ? '}' : ']');
}

const isRemoval = (node: EditNode) => node.edit !== undefined && node.edit.text === undefined;

function editedValue(text: string, start: number, node: EditNode): string {
  return node.edit?.text ?? editContainer(text, start, node);
}

function addedPiece(step: string | number, node: EditNode, isObject: boolean, end: number): string {
  if (node.edit?.text === undefined || (isObject ? typeof step !== 'string' : step !== end)) throw nowhere(firstEdit(node));
  return isObject ? `${JSON.stringify(step)}:${node.edit.text}` : node.edit.text;
}

function firstEdit(node: EditNode): JsonEdit {
  if (node.edit) return node.edit;
  for (const child of node.children.values()) return firstEdit(child);
  return { path: [], text: undefined };
}
