/** Names of search parameters as a client writes them. @see https://hl7.org/fhir/R4/search.html#modifiers */

/** `code:not` → code "code", modifier "not"; `subject:Patient.name` and `_has:…` are chains. */
export interface ParameterName {
  /** As written. */
  readonly text: string;
  readonly code: string;
  readonly modifier?: string;
  /** The part after the first `.`, or after `_has:`. */
  readonly chain?: string;
}

export function parseName(text: string): ParameterName {
  if (text.startsWith('_has:')) return { text, code: '_has', chain: text.slice('_has:'.length) };
  const dot = text.indexOf('.');
  const own = dot < 0 ? text : text.slice(0, dot);
  const colon = own.indexOf(':');
  const code = colon < 0 ? own : own.slice(0, colon);
  return { text, code, ...(colon >= 0 && { modifier: own.slice(colon + 1) }), ...(dot >= 0 && { chain: text.slice(dot + 1) }) };
}
