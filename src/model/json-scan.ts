/**
 * Steps over valid JSON text without building values: the ground under everything that splices text. Offsets are UTF-16
 * code units. None of these checks syntax: `parseJson` has done so before.
 */

const QUOTE = 34;
const BACKSLASH = 92;
const BYTE_ORDER_MARK = 0xfeff;

/** The offset of the first character at or after `from` that isn't white space (or a leading byte order mark). */
export function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9 && code !== BYTE_ORDER_MARK) return at;
    at++;
  }
}

/** The offset of the quote that closes the string whose opening quote is at `open`; the text's length if none does. */
export function closingQuote(text: string, open: number): number {
  let at = text.indexOf('"', open + 1);
  while (at > 0 && text.charCodeAt(at - 1) === BACKSLASH && isEscaped(text, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === BACKSLASH) at--;
  return (quote - at) % 2 === 0;
}

/** The offset just after the value that starts at `start`. */
export function valueEnd(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return closingQuote(text, start) + 1;
  if (code === 123 || code === 91) return containerEnd(text, start);
  let at = start;
  for (;;) {
    const next = text.charCodeAt(at);
    // , ] } white space, or the end of the text (NaN)
    if (next === 44 || next === 93 || next === 125 || next <= 32 || Number.isNaN(next)) return at;
    at++;
  }
}

function containerEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(text, at);
    else if (code === 123 || code === 91) depth++;
    else if ((code === 125 || code === 93) && --depth === 0) return at + 1;
  }
  return text.length;
}

/** Where one member of an object, or one element of an array, stands. */
interface JsonSpan {
  /** The member's name; '' for an element of an array. */
  name: string;
  /** Start of the name (or of the element). */
  start: number;
  valueStart: number;
  valueEnd: number;
}

/**
 * Reads the member or element at or after `from`, which is just after `{`, `[` or the end of the one before, into `span`
 * (reused: the paths that call this are hot). False at the end of the container.
 */
export function nextSpan(text: string, from: number, isObject: boolean, span: JsonSpan): boolean {
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) === 44) at = skipSpace(text, at + 1);
  const code = text.charCodeAt(at);
  if (code === 125 || code === 93 || Number.isNaN(code)) return false;
  span.start = at;
  if (isObject) {
    const close = closingQuote(text, at);
    span.name = memberName(text, at, close);
    at = skipSpace(text, skipSpace(text, close + 1) + 1);
  }
  span.valueStart = at;
  span.valueEnd = valueEnd(text, at);
  return true;
}

export const newSpan = (): JsonSpan => ({ name: '', start: 0, valueStart: 0, valueEnd: 0 });

function memberName(text: string, open: number, close: number): string {
  const name = text.slice(open + 1, close);
  return name.includes('\\') ? (JSON.parse(`"${name}"`) as string) : name;
}

/** The deepest nesting of objects and arrays, and how many members all objects have. One pass, also over broken JSON. */
export function measureJson(text: string): { depth: number; members: number } {
  let depth = 0;
  let deepest = 0;
  let members = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(text, at);
    else if (code === 58) members++;
    else if (code === 123 || code === 91) {
      if (++depth > deepest) deepest = depth;
    } else if (code === 125 || code === 93) depth--;
  }
  return { depth: deepest, members };
}
