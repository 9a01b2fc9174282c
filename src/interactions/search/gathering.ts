/** What has been gathered so far of what comes along with a page of matches. */
import { keyText, type ResourceVersion } from '../../model/resource.ts';
import type { MissingParts } from '../answer/missing-parts.ts';
import type { BundleLink } from '../bundle/bundle-text.ts';
import type { InteractionContext } from '../context.ts';
import { queryText } from '../query-text.ts';
import type { FhirRequest } from '../request.ts';

/** Ids in one link. */
const IDS_OF_A_LINK = 50;

/** Reference entries that an include follows. */
export interface Followed {
  /** Of the parameter that keeps them. */
  readonly code: string;
  /** "Observation.subject=" */
  readonly start: string;
  /** Only to this type. */
  readonly target: string | undefined;
}

export interface Gathering {
  readonly request: FhirRequest;
  readonly context: InteractionContext;
  readonly mayInclude: (type: string) => boolean;
  readonly missing: MissingParts;
  /** By include and source type: what its entries start with. */
  readonly followed: Map<string, readonly Followed[]>;
  /** Keys of the matches and of everything included or left out. */
  readonly known: Set<string>;
  readonly found: ResourceVersion[];
  readonly links: BundleLink[];
  readonly unreadable: Set<string>;
}

/** How many resources still fit. */
export const roomIn = ({ found, context }: Gathering) => context.limits.maxIncluded - found.length;

/** May be read at all; a type that may not is remembered. */
export function isReadable({ request, unreadable }: Gathering, type: string): boolean {
  const isAllowed = request.access.allows(type, 'read');
  if (!isAllowed) unreadable.add(type);
  return isAllowed;
}

/** Each once. */
export function add({ found, known }: Gathering, versions: readonly ResourceVersion[]): void {
  for (const version of versions) {
    if (known.has(keyText(version))) continue;
    known.add(keyText(version));
    found.push(version);
  }
}

/** Searches of a type by these values of a parameter, for what is over the limit. */
export function linkTo({ request, links }: Gathering, type: string, code: string, values: readonly string[]): void {
  for (let at = 0; at < values.length; at += IDS_OF_A_LINK) {
    const query = queryText([[code, values.slice(at, at + IDS_OF_A_LINK).join(',')]]);
    links.push({ relation: 'related', url: `${request.baseUrl}/${type}?${query}` });
  }
}
