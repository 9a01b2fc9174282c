/** Which members of the replica sets of the clinical store answer. */
import type { Option } from './option.ts';

/** `secondary` alone is left out: it would refuse to read where there is none. */
const readPreference = {
  kind: 'choice',
  choices: ['primary', 'primaryPreferred', 'secondaryPreferred', 'nearest'],
  default: 'primary',
} as const;

export const READ_PREFERENCES = {
  readPreferenceRead: {
    ...readPreference,
    env: 'READ_PREFERENCE_READ',
    flag: 'read-preference-read',
    description:
      "Which members of the clinical store's replica sets answer reads by id. Others than the primary may be behind: a client that must not miss what it wrote sends the `Consistency-Token` of that answer. Writes, and reads that decide about them, are always the primary's.",
  },
  readPreferenceSearch: {
    ...readPreference,
    env: 'READ_PREFERENCE_SEARCH',
    flag: 'read-preference-search',
    description: 'The same for searches.',
  },
  readPreferenceHistory: {
    ...readPreference,
    env: 'READ_PREFERENCE_HISTORY',
    flag: 'read-preference-history',
    description: 'The same for histories.',
  },
  readPreferenceOperation: {
    ...readPreference,
    env: 'READ_PREFERENCE_OPERATION',
    flag: 'read-preference-operation',
    description: 'The same for operations that change nothing, such as `$everything`.',
  },
} as const satisfies Record<string, Option>;
