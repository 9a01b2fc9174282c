/**
 * `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since`, read and weighed.
 * @see https://hl7.org/fhir/R4/http.html#concurrency
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13
 */
import { invalidValue, preconditionFailed, versionMismatch } from '../model/error.ts';
import { parseHttpDate } from '../model/instant.ts';
import type { ResourceVersion } from '../model/resource.ts';
import type { Preconditions } from './request.ts';

/** The control characters and spaces that RFC 9110 keeps out of a tag are no part of a version either. */
const ENTITY_TAG = /^(?:W\/)?"([!#-~\x80-\xff]*)"$/;

/** `W/"3"` for version 3. */
export const etagOf = (version: number): string => `W/"${version}"`;

/** The tags of a header: '*' or what stands between the quotes. A bare `3` is no entity tag. @throws FhirError 400 */
function tagsOf(header: string, name: string): '*' | readonly string[] {
  if (header.trim() === '*') return '*';
  return header.split(',').map((part) => {
    const text = part.trim();
    const tag = ENTITY_TAG.exec(text)?.[1];
    if (tag === undefined) throw invalidValue(`${name} must hold entity tags such as W/"3", not "${text}"`, `http.${name}`);
    return tag;
  });
}

/** True if `If-None-Match` names this entity tag. @throws FhirError 400 */
export function hasTag(ifNoneMatch: string, etag: string): boolean {
  const tags = tagsOf(ifNoneMatch, 'If-None-Match');
  return tags === '*' || tags.includes(ENTITY_TAG.exec(etag)?.[1] as string);
}

function isCurrent(version: ResourceVersion | undefined): version is ResourceVersion {
  return version !== undefined && !version.deleted;
}

/**
 * Lets a write go on only if its conditions hold for the current version.
 * @throws FhirError 400 for a header that is no entity tag, 412 if a condition fails
 */
export function checkWritePreconditions(conditions: Preconditions, current: ResourceVersion | undefined): void {
  if (conditions.ifMatch !== undefined) {
    const tags = tagsOf(conditions.ifMatch, 'If-Match');
    const holds = isCurrent(current) && (tags === '*' || tags.includes(String(current.version)));
    if (!holds) throw versionMismatch(`If-Match is ${conditions.ifMatch}, ${currentText(current)}`);
  } else if (conditions.ifUnmodifiedSince !== undefined) checkUnmodified(conditions.ifUnmodifiedSince, current);
  if (conditions.ifNoneMatch !== undefined) {
    const tags = tagsOf(conditions.ifNoneMatch, 'If-None-Match');
    const fails = isCurrent(current) && (tags === '*' || tags.includes(String(current.version)));
    if (fails)
      throw preconditionFailed(`If-None-Match is ${conditions.ifNoneMatch}, ${currentText(current)}`, 'conflict', 'http.If-None-Match');
  }
}

/** To the second, as `Last-Modified` tells it. What is no date is no condition, as RFC 9110 wants. */
function checkUnmodified(header: string, current: ResourceVersion | undefined): void {
  const since = parseHttpDate(header);
  if (since === undefined || !isCurrent(current) || current.at < since + 1000) return;
  const diagnostics = `If-Unmodified-Since is ${header}, ${currentText(current)} of ${new Date(current.at).toUTCString()}`;
  throw preconditionFailed(diagnostics, 'conflict', 'http.If-Unmodified-Since');
}

function currentText(current: ResourceVersion | undefined): string {
  return isCurrent(current) ? `the current version is ${etagOf(current.version)}` : 'there is no such resource';
}

/** True if a conditional read may answer 304. `If-None-Match` wins over `If-Modified-Since`, as RFC 9110 says. */
export function isNotModified(conditions: Preconditions, version: ResourceVersion): boolean {
  if (conditions.ifNoneMatch !== undefined) {
    const tags = tagsOf(conditions.ifNoneMatch, 'If-None-Match');
    return tags === '*' || tags.includes(String(version.version));
  }
  if (conditions.ifModifiedSince === undefined) return false;
  const since = parseHttpDate(conditions.ifModifiedSince);
  return since !== undefined && Math.floor(version.at / 1000) * 1000 <= since;
}
