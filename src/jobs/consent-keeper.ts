/**
 * Keeps the consents in force, and whether security labels are in use, in step with the stores: looks every second what has
 * been written since, so that a change through any gateway is learnt; at once what this gateway writes.
 *
 * What is asked for is every version since the watermark that was asked for before the look before: of writes older than that
 * none can turn up later, so none is missed, whatever the clocks of the gateways say. Versions that an erasure took away are found by reading all of
 * them now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consents } from '../access/consent/consents.ts';
import { type ConsentRules, readConsent } from '../access/consent/read-consent.ts';
import type { ConsentRule } from '../access/consent/rule.ts';
import { type Rounds, startRounds } from '../lifecycle/rounds.ts';
import { createTurns } from '../lifecycle/turns.ts';
import { unavailable } from '../model/error.ts';
import { identityOf, type ResourceDraft, type ResourceKey, type ResourceVersion } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import type { ResourceStore, UnitOfWork } from '../store/store.ts';
import { createRelatedData } from './related-data.ts';

interface ConsentKeeperOptions {
  readonly resources: Pick<ResourceStore, 'search' | 'history' | 'read'>;
  readonly consents: Consents;
  readonly rules: ConsentRules;
  /** Holds for active Consents. */
  readonly active: SearchExpression;
  readonly labels: LabelUse;
  /** The instant before which no write can turn up any more, milliseconds since 1970. */
  readonly watermark: () => Promise<number> | number;
  readonly log: (message: string, detail: object) => void;
}

/** What the gateways tell each other of labels. */
interface LabelUse {
  /** True if a gateway has written that they are in use. */
  areInUse(): Promise<boolean>;
  /** Writes it, to stay. */
  use(): Promise<void>;
  /** True if something that is stored bears one. */
  isLabelled(): Promise<boolean>;
  /** True for a draft that bears one. */
  bearsLabel(draft: ResourceDraft): boolean;
  /** Tells the others that this gateway heeds labels. */
  tell(): void;
  /** True if every gateway that may still answer heeds them. */
  allKnow(): Promise<boolean>;
}

export interface ConsentKeeper {
  /** To be called before the first request, and whenever this gateway has written what `isWatched`. */
  refresh(): Promise<void>;
  /** True for a Consent, and for a resource that one names with what it refers to. */
  isWatched(key: ResourceKey): boolean;
  areLabelsInUse(): boolean;
  /** To be awaited before a commit: the first resource with a label waits until every gateway heeds labels. @throws FhirError 503 */
  beforeCommit(unit: UnitOfWork): Promise<void> | undefined;
  start(): void;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
/** Every so many looks all consents are read. */
const READ_ALL_EVERY = 600;
const PAGE = 1_000;
const LABELS_WITHIN_MS = 8_000;
const ASK_EVERY_MS = 200;

export function createConsentKeeper(options: ConsentKeeperOptions): ConsentKeeper {
  const { resources, consents, rules, labels, log } = options;
  const turns = createTurns();
  const related = createRelatedData({ resources, consents, baseUrl: rules.baseUrl });
  let rounds: Rounds | undefined;
  let looks = 0;
  /** Undefined until all have been read. */
  let since: number | undefined;
  let hasAskedForLabels = false;
  let areLabelsInUse = false;
  /** True once every gateway heeds labels. */
  let areLabelsKnown = false;

  async function readAll(): Promise<void> {
    since ??= await options.watermark();
    const found: ConsentRule[] = [];
    let after: readonly (string | number | null)[] | undefined;
    for (;;) {
      const sort = [{ parameter: '_identity', descending: false }];
      const page = await resources.search({ types: ['Consent'], where: options.active, sort, limit: PAGE, ...(after && { after }) });
      found.push(...page.flatMap(({ resource }) => ruleOf(resource) ?? []));
      after = page.at(-1)?.sortValues;
      if (page.length < PAGE || !after) break;
    }
    consents.replaceAll(found);
  }

  async function readChanges(from: number): Promise<void> {
    const newest = new Map<string, ResourceVersion>();
    let after: { at: number; identity: string; version: number } | undefined;
    for (;;) {
      const page = await resources.history({ types: ['Consent'], since: from, limit: PAGE, ...(after && { after }) });
      for (const version of page) {
        const known = newest.get(version.id);
        if (!known || known.version < version.version) newest.set(version.id, version);
      }
      const last = page.at(-1);
      if (page.length < PAGE || !last) break;
      after = { at: last.at, identity: identityOf(last), version: last.version };
    }
    for (const [id, version] of newest) consents.put(id, version.deleted ? undefined : ruleOf(version));
  }

  function ruleOf(version: ResourceVersion): ConsentRule | undefined {
    const { rule, problems } = readConsent(version, JSON.parse(version.raw) as object, rules);
    if (problems.length > 0) log('a consent says what can not be enforced: what it denies is denied more widely', { consent: version.id });
    return rule;
  }

  async function look(): Promise<void> {
    await Promise.all([lookForConsents(), areLabelsInUse || lookForLabels()]);
  }

  async function lookForConsents(): Promise<void> {
    if (since === undefined || ++looks % READ_ALL_EVERY === 0) await readAll();
    else await readChanges(since);
    await related.refresh();
  }

  async function lookForLabels(): Promise<void> {
    if (!hasAskedForLabels && (await labels.isLabelled())) await labels.use();
    hasAskedForLabels = true;
    if (await labels.areInUse()) heedLabels();
  }

  function heedLabels(): void {
    areLabelsInUse = true;
    labels.tell();
  }

  async function lookOn(): Promise<void> {
    const next = await options.watermark();
    await turns.take(look);
    since = next;
  }

  async function beginLabels(): Promise<void> {
    await labels.use();
    heedLabels();
    for (const until = performance.now() + LABELS_WITHIN_MS; performance.now() < until; ) {
      if (await labels.allKnow()) return;
      await sleep(ASK_EVERY_MS);
    }
    throw unavailable('The first resource with a label that needs clearance waits until all gateways heed labels: try again.');
  }

  return {
    refresh: () => turns.take(look),
    isWatched: (key) => key.type === 'Consent' || related.isNamed(key),
    areLabelsInUse: () => areLabelsInUse,
    beforeCommit({ writes }) {
      if (areLabelsKnown || !writes.some(({ draft }) => labels.bearsLabel(draft))) return undefined;
      return beginLabels().then(() => {
        areLabelsKnown = true;
      });
    },
    start() {
      const problem = (error: unknown) => log('consents could not be read; those known go on to hold', { error });
      rounds = startRounds(lookOn, { everyMs: LOOK_EVERY_MS, firstAfterMs: LOOK_EVERY_MS, problem });
    },
    async stop() {
      await rounds?.stop();
      await turns.idle();
    },
  };
}
