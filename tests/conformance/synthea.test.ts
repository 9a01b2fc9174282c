/** Everything that was in real Bundles is there when it is read back: order, lexemes and text, with its links rewritten. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../../conformance/runner/send.ts';
import { valueAt } from '../../conformance/runner/values.ts';
import { mapBounded } from '../../src/interactions/bounded.ts';
import { type JsonObject, type JsonTree, parseLossless, printLossless } from '../../src/model/lossless-json.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';
import { readSynthea, type SyntheaBundle } from '../support/synthea.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway();
});

afterAll(() => gateway?.close());

const PATIENCE_MS = 60_000;

describe('Synthea Bundles (https://hl7.org/fhir/R4/http.html#transaction)', { timeout: PATIENCE_MS }, () => {
  test.each(readSynthea().map((bundle) => [bundle.name, bundle] as const))('%s comes back as it was sent', async (_name, bundle) => {
    const { body } = await send({ method: 'POST', path: '', text: bundle.text }, gateway);
    const locations = (valueAt(body, 'entry') as object[]).map((entry) =>
      String(valueAt(entry, 'response.location')).replace(`${gateway.baseUrl}/`, ''),
    );
    const sent = resourcesOf(bundle);
    expect(locations).toHaveLength(sent.length);
    const links = bundle.type === 'transaction' ? linksOf(sent, locations) : new Map<string, string>();
    await mapBounded(sent, 16, async ({ resource }, index) => {
      const { text } = await send({ method: 'GET', path: String(locations[index]) }, gateway);
      const expected = bare(rewritten(resource, links) as JsonObject);
      const received = bare(parseLossless(text) as JsonObject);
      expect(conditionalsHidden(printLossless(received), resource)).toBe(conditionalsHidden(printLossless(expected), resource));
    });
  });
});

interface Sent {
  readonly fullUrl: string;
  readonly resource: JsonObject;
}

function resourcesOf({ text }: SyntheaBundle): readonly Sent[] {
  const bundle = parseLossless(text) as JsonObject;
  return (bundle.get('entry') as JsonObject[]).map((entry) => ({
    fullUrl: entry.get('fullUrl') as string,
    resource: entry.get('resource') as JsonObject,
  }));
}

/** fullUrl → "Patient/…" */
function linksOf(sent: readonly Sent[], locations: readonly string[]): ReadonlyMap<string, string> {
  return new Map(sent.map(({ fullUrl }, index) => [fullUrl, String(locations[index]).replace(/\/_history\/.*/, '')]));
}

/** Only references: an identifier with the same text stays. */
function rewritten(tree: JsonTree, links: ReadonlyMap<string, string>, name = ''): JsonTree {
  if (typeof tree === 'string') return name === 'reference' ? (links.get(tree) ?? tree) : tree;
  if (Array.isArray(tree)) return tree.map((each) => rewritten(each, links));
  if (tree instanceof Map) return new Map([...tree].map(([member, value]) => [member, rewritten(value, links, member)]));
  return tree;
}

/** Without what the server sets. */
function bare(resource: JsonObject): JsonObject {
  const copy = new Map(resource);
  const meta = new Map((copy.get('meta') as JsonObject | undefined) ?? []);
  for (const name of ['versionId', 'lastUpdated']) meta.delete(name);
  copy.delete('id');
  copy.delete('meta');
  return meta.size > 0 ? new Map([['meta', meta as JsonTree], ...copy]) : copy;
}

/** A conditional reference and what it became look the same; that it became something is told by the hiding's own pattern. */
function conditionalsHidden(text: string, original: JsonObject): string {
  let hidden = text;
  for (const [, type] of printLossless(original).matchAll(/"reference":"([A-Z]\w+)\?/g)) {
    const literal = new RegExp(`"reference":"${type}(?:\\?[^"]*|/[A-Za-z0-9.-]+)"`, 'g');
    hidden = hidden.replaceAll(literal, `"reference":"${type}/…"`);
  }
  return hidden;
}
