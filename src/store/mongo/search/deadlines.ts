/** After how long a search gives up; milliseconds. */

export const DEADLINE_MS = 30_000;
/** A count that came along with matches, or a part of an estimate. */
export const SHORT_COUNT_MS = 2_000;
/** Searches together, which then go alone. */
export const BATCH_DEADLINE_MS = 2_000;
