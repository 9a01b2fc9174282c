/**
 * What comes along with a page of matches: `_include` and `_revinclude`, `:iterate` until nothing new comes. Each resource
 * comes once, deleted ones and those of types that the caller may not read not at all. What is over the limit is not dropped
 * in silence: links lead to it.
 * @see https://hl7.org/fhir/R4/search.html#include
 */
import type { Issue } from '../../model/error.ts';
import { keyText, type ResourceVersion } from '../../model/resource.ts';
import type { Include } from '../../search/request/include.ts';
import type { MissingParts } from '../answer/missing-parts.ts';
import type { BundleLink } from '../bundle/bundle-text.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';
import type { Gathering } from './gathering.ts';
import { includeReferred } from './include-referred.ts';
import { includeReferrers } from './include-referrers.ts';

export interface Included {
  readonly resources: readonly ResourceVersion[];
  /** Searches that find what was over the limit; relation `related`. */
  readonly links: readonly BundleLink[];
  /** What was left out, and why. */
  readonly issues: readonly Issue[];
}

/** Rounds of `:iterate`; a hierarchy that is deeper is told to be cut. */
const MOST_ROUNDS = 12;
/** @throws FhirError 422 `too-costly` for a `*` that brings more than can be told in links */
export async function findIncluded(
  request: FhirRequest,
  context: InteractionContext,
  page: readonly ResourceVersion[],
  includes: readonly Include[],
  missing: MissingParts,
  mayInclude: (type: string) => boolean = () => true,
): Promise<Included> {
  const gathering: Gathering = {
    request,
    context,
    mayInclude,
    missing,
    followed: new Map(),
    known: new Set(page.map(keyText)),
    found: [],
    links: [],
    unreadable: new Set(),
  };
  let from = page;
  let asked = includes;
  let rounds = 0;
  while (from.length > 0 && asked.length > 0 && rounds < MOST_ROUNDS) {
    const before = gathering.found.length;
    await includeReferred(gathering, from, asked);
    await includeReferrers(gathering, from, asked);
    from = gathering.found.slice(before);
    asked = asked.filter(({ isIterated }) => isIterated);
    rounds++;
  }
  const isCut = from.length > 0 && asked.length > 0;
  return { resources: gathering.found, links: gathering.links, issues: issuesOf(gathering, isCut) };
}

function issuesOf({ unreadable, links }: Gathering, isCut: boolean): Issue[] {
  const warning = (code: Issue['code'], diagnostics: string): Issue => ({ severity: 'warning', code, diagnostics });
  return [
    ...(links.length > 0 ? [warning('incomplete', 'More is included than fits a page: the links "related" lead to the rest.')] : []),
    ...(isCut ? [warning('incomplete', `:iterate was followed ${MOST_ROUNDS} times; what lies deeper is not included.`)] : []),
    ...(unreadable.size > 0
      ? [warning('suppressed', `The token may not read ${[...unreadable].sort().join(', ')}: nothing of that is included.`)]
      : []),
  ];
}
