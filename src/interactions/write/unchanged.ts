/** Tells an update that changes nothing, which makes no new version. */

/** What follows `meta.lastUpdated` in a stamped text; before it stand type, id and version only (`stampResource`). */
function contentOf(raw: string): string {
  return raw.slice(raw.indexOf(MARK) + MARK.length + INSTANT_LENGTH);
}

const MARK = '"lastUpdated":"';
const INSTANT_LENGTH = '2024-01-31T12:00:00.000Z'.length;

/** True if two versions of one resource, both stamped, differ in `meta.versionId` and `meta.lastUpdated` only. */
export const isUnchanged = (raw: string, currentRaw: string): boolean => contentOf(raw) === contentOf(currentRaw);
