/** Bundles written as text round texts of resources, so that no resource is parsed or written anew. */

export interface BundleLink {
  readonly relation: string;
  readonly url: string;
}

/** A Bundle's JSON text. `entries` are texts of entries; `total` is left out if undefined. */
export function bundleText(type: string, links: readonly BundleLink[], total: number | undefined, entries: readonly string[]): string {
  const head = `{"resourceType":"Bundle","type":"${type}"`;
  const totalPart = total === undefined ? '' : `,"total":${total}`;
  const linkPart = links.length === 0 ? '' : `,"link":${JSON.stringify(links)}`;
  const entryPart = entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`;
  return `${head}${totalPart}${linkPart}${entryPart}}`;
}
