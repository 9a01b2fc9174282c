/**
 * Pass 4: links between entries become links to what the entries became.
 * @see https://hl7.org/fhir/R4/http.html#trules
 * @see https://hl7.org/fhir/R4/bundle.html#references
 */
import type { Link } from '../../definitions/links.ts';
import { rewriteNarrativeLinks } from '../../definitions/narrative-links.ts';
import { invalidValue } from '../../model/error.ts';
import { editJson, type JsonEdit } from '../../model/json-text.ts';
import { keyText, type ResourceKey } from '../../model/resource.ts';
import { type CheckedEntry, placeOf } from './checked-entry.ts';

export interface LinkTargets {
  /** The entry's fullUrl now stands for `key`. */
  add(checked: CheckedEntry, key: ResourceKey): void;
  /** What a link becomes; undefined to leave it alone. `base` is the service base of the referrer's own fullUrl. */
  get(value: string, base: string | undefined): string | undefined;
}

/** @param references conditional references and what they become */
export function createLinkTargets(references: ReadonlyMap<string, string>): LinkTargets {
  const targets = new Map<string, string>(references);
  return {
    add: ({ entry, kind }, key) => {
      if (entry.fullUrl !== undefined && (kind === 'create' || kind === 'update')) targets.set(entry.fullUrl, keyText(key));
    },
    get: (value, base) => targets.get(value) ?? (base !== undefined && !value.includes(':') ? targets.get(`${base}/${value}`) : undefined),
  };
}

const RESTFUL = /^(https?:\/\/.+)\/[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/;
const URN_UUID = /^urn:uuid:/i;

/** The new value of a link; undefined if it stays. */
function replacementOf(link: Link, base: string | undefined, targets: LinkTargets): string | undefined {
  if (link.kind !== 'narrative') return targets.get(link.value, base);
  const text = rewriteNarrativeLinks(link.value, (url) => targets.get(url, base));
  return text === link.value ? undefined : text;
}

/** Puts the links whose targets are known by now into the entry's tree; safe to do again. */
export function rewriteTree(checked: CheckedEntry, targets: LinkTargets): void {
  const base = baseOf(checked);
  for (const link of checked.links) {
    const replacement = replacementOf(link, base, targets);
    if (replacement !== undefined) setAt(checked.resource?.tree, link.path, replacement);
  }
}

/** A link and what it becomes. */
interface Rewrite {
  readonly link: Link;
  readonly replacement: string;
}

/**
 * The resource's text with all its links rewritten; the tree is rewritten in place.
 * @throws FhirError 400 for a `urn:uuid:` reference to no entry
 */
export function rewriteLinks(checked: CheckedEntry, targets: LinkTargets): string {
  const { resource, links } = checked;
  const base = baseOf(checked);
  const rewrites: Rewrite[] = [];
  for (const link of links) {
    const replacement = replacementOf(link, base, targets);
    if (replacement !== undefined) {
      setAt(resource?.tree, link.path, replacement);
      rewrites.push({ link, replacement });
    } else if (link.kind === 'reference' && URN_UUID.test(link.value)) {
      throw invalidValue(
        `"${link.value}" is the fullUrl of no entry that is stored`,
        `${placeOf(checked)}.resource.${pathText(link.path)}`,
      );
    }
  }
  const text = resource?.text ?? '';
  if (rewrites.length === 0) return text;
  return replaceLiterals(text, rewrites) ?? editJson(text, rewrites.map(editOf));
}

const editOf = ({ link, replacement }: Rewrite): JsonEdit => ({ path: link.path, text: JSON.stringify(replacement) });

/** String literals that most links are, without escapes: UUIDs and conditional references. */
const LINK_LITERAL = /"(urn:uuid:[^"\\]*|[A-Z][A-Za-z]+\?[^"\\]*)"/g;

/**
 * Replaces the links by their string literals in one pass, a tenth of the cost of going to each by its path. Undefined if a
 * literal stands in the text more or less often than links have that value: then some are no links, or are written otherwise.
 */
function replaceLiterals(text: string, rewrites: readonly Rewrite[]): string | undefined {
  const byValue = new Map<string, { readonly literal: string; left: number }>();
  for (const { link, replacement } of rewrites) {
    const known = byValue.get(link.value);
    if (known) known.left++;
    else byValue.set(link.value, { literal: JSON.stringify(replacement), left: 1 });
  }
  const rewritten = text.replace(LINK_LITERAL, (whole, value: string) => {
    const known = byValue.get(value);
    if (!known) return whole;
    known.left--;
    return known.literal;
  });
  for (const { left } of byValue.values()) if (left !== 0) return undefined;
  return rewritten;
}

const baseOf = ({ entry }: CheckedEntry): string | undefined =>
  entry.fullUrl?.startsWith('http') ? RESTFUL.exec(entry.fullUrl)?.[1] : undefined;

function setAt(root: unknown, path: readonly (string | number)[], value: string): void {
  let at = root as Record<string | number, unknown>;
  for (let step = 0; step < path.length - 1; step++) at = at[path[step] as string] as Record<string | number, unknown>;
  at[path.at(-1) as string] = value;
}

const pathText = (path: readonly (string | number)[]): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
