/** How resources are kept and found. */
import type { Option } from './option.ts';

export const RESOURCES = {
  regions: {
    kind: 'regions',
    env: 'REGIONS',
    flag: 'regions',
    default: [],
    description:
      'Zones of patients by region: `state:CA=01,organization:Organization/north=02` (managing organization before state of address). See docs/operations.md.',
  },
  referentialIntegrity: {
    kind: 'choice',
    env: 'REFERENTIAL_INTEGRITY',
    flag: 'referential-integrity',
    choices: ['off', 'enforce'],
    default: 'off',
    description: 'With `enforce`, deleting a resource that others refer to is refused with 409.',
  },
  fullText: {
    kind: 'choice',
    env: 'FULL_TEXT',
    flag: 'full-text',
    choices: ['off', 'text', 'all'],
    default: 'off',
    description:
      'Index words: of narratives (`text`, for the search parameter `_text`) or of everything (`all`, for `_content` too). Each word makes writes dearer; what is stored is indexed when it is switched on. The same at all gateways.',
  },
} as const satisfies Record<string, Option>;
