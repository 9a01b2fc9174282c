/** The texts of a resource that full-text search looks into. */

type Tree = { readonly [name: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Elements whose values are no words: ids, references, base64, and what every resource of a type has. */
const NO_WORDS: ReadonlySet<string> = new Set([
  'resourceType',
  'id',
  'meta',
  'reference',
  'data',
  'hash',
  'contentType',
  'valueBase64Binary',
  'valueId',
]);
/** URLs, OIDs and UUIDs. */
const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;
const DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T\S+)?)?)?$/;

/** The narrative without its tags, as at most one text. Where a tag stands, words end. @see https://hl7.org/fhir/R4/narrative.html */
export function narrativeTexts(resource: object): string[] {
  const { text } = resource as Tree;
  return isTree(text) && typeof text.div === 'string' ? [withoutTags(text.div)] : [];
}

/** Every string of the resource that may hold words, its narrative first. */
export function allTexts(resource: object): string[] {
  const texts = narrativeTexts(resource);
  for (const [name, value] of Object.entries(resource)) if (name !== 'text') addTexts(name, value, texts);
  return texts;
}

function addTexts(name: string, value: unknown, texts: string[]): void {
  if (NO_WORDS.has(name)) return;
  if (typeof value === 'string') {
    if (!URI.test(value) && !DATE.test(value)) texts.push(value);
  } else if (Array.isArray(value)) {
    for (const each of value) addTexts(name, each, texts);
  } else if (isTree(value)) {
    // A contained resource's narrative is XHTML too.
    if (name === 'text') texts.push(...narrativeTexts({ text: value }));
    else for (const [inner, each] of Object.entries(value)) addTexts(inner, each, texts);
  }
}

/** XHTML has been checked when it was written; whatever it is, the time that this takes grows with its length. */
function withoutTags(div: string): string {
  const parts: string[] = [];
  for (let at = 0; at < div.length; ) {
    const tag = div.indexOf('<', at);
    if (tag === -1) {
      parts.push(div.slice(at));
      break;
    }
    parts.push(div.slice(at, tag));
    at = endOfTag(div, tag);
  }
  return parts.join(' ').replace(ENTITY, characterOf).trim();
}

/** Behind the tag or comment that begins at `start`. An attribute's value may hold `>`. */
function endOfTag(div: string, start: number): number {
  if (div.startsWith('<!--', start)) return after(div, '-->', start + 4);
  let quote = '';
  for (let at = start + 1; at < div.length; at++) {
    const character = div[at] as string;
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return at + 1;
  }
  return div.length;
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at === -1 ? text.length : at + end.length;
}

const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|[a-z]\w{1,30});/gi;

/** Named entities are punctuation in XML. */
function characterOf(_entity: string, decimal: string | undefined, hex: string | undefined): string {
  const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : 0x20;
  return code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : ' ';
}
