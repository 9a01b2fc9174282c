/** References as they are compared: local ones relative, foreign ones with their type in front. */

/** A reference taken apart. */
interface ReferenceText {
  /** `Patient/1`, `Patient/1@https://other/fhir`, or a text that is no RESTful URL (`urn:uuid:…`). */
  readonly text: string;
  /** The type that the URL names, if it is a RESTful one. */
  readonly type?: string;
  /** The version after `_history/`. */
  readonly version?: string;
}

const RESTFUL = /^(?:(https?:\/\/.+|[^:/#?]*:.+)\/)?([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;
const RELATIVE = /^([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}$/;

/**
 * The text under which a literal reference is kept and looked up. `baseUrl` has no slash at its end; a reference below it is
 * a relative one.
 * @see https://hl7.org/fhir/R4/search.html#reference
 */
export function referenceText(literal: string, baseUrl: string): ReferenceText {
  const relative = RELATIVE.exec(literal);
  if (relative?.[1]) return { text: literal, type: relative[1] };
  const match = RESTFUL.exec(literal);
  if (!match?.[2]) return { text: literal };
  const [, server, path, version] = match;
  const text = server === undefined || server === baseUrl ? path : `${path}@${server}`;
  return { text, type: path.slice(0, path.indexOf('/')), ...(version !== undefined && { version }) };
}

/** The text that names this version of the target only. */
export function versionedText(reference: ReferenceText): string | undefined {
  return reference.version === undefined ? undefined : `${reference.text}/_history/${reference.version}`;
}
