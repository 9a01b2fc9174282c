/** How long things last in the life of a gateway; milliseconds. They hold each other: see docs/decisions/007. */

export const BEAT_EVERY_MS = 500;
/** A heartbeat that has not been confirmed by then is taken for lost. */
export const BEAT_WITHIN_MS = 1_500;
/** A gateway without a confirmed heartbeat for this long starts no write. */
export const LEASE_MS = 5_000;
/** After this much silence a gateway is fenced: its lease (5 s) and its longest commit (15 s) have then run out. */
export const FENCE_AFTER_MS = 25_000;
/** With writes under way a gateway may change its seat only while nobody can have fenced the old one. */
export const CHANGE_SEAT_WITHIN_MS = 15_000;
