/**
 * Keeps the consents in force, and whether security labels are in use, in step with the stores: looks every second what has
 * been written since, so that a change through any gateway is learnt; at once what this gateway writes.
 *
 * What is asked for is every version since the watermark that was asked for before the look before: of writes older than that
 * none can turn up later, so none is missed, whatever the clocks of the gateways say. Versions that an erasure took away are
 * found by reading all of them now and then.
 */
import type { Consents } from '../access/consent/consents.ts';
import { type ConsentRules, readConsent } from '../access/consent/read-consent.ts';
import type { ConsentRule } from '../access/consent/rule.ts';
import { type Rounds, startRounds } from '../lifecycle/rounds.ts';
import { createTurns } from '../lifecycle/turns.ts';
import type { ResourceKey, ResourceVersion } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import type { ResourceStore, UnitOfWork } from '../store/store.ts';
import { createLabelWatch, type LabelUse } from './label-watch.ts';
import { createRelatedData } from './related-data.ts';
import { activeConsents, changedConsents } from './stored-consents.ts';

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

export function createConsentKeeper(options: ConsentKeeperOptions): ConsentKeeper {
  const { resources, consents, rules, log } = options;
  const labels = createLabelWatch(options.labels);
  const turns = createTurns();
  const related = createRelatedData({ resources, consents, baseUrl: rules.baseUrl });
  let rounds: Rounds | undefined;
  let looks = 0;
  /** Undefined until all have been read. */
  let since: number | undefined;

  function ruleOf(version: ResourceVersion): ConsentRule | undefined {
    const { rule, problems } = readConsent(version, JSON.parse(version.raw) as object, rules);
    if (problems.length > 0) log('a consent says what can not be enforced: what it denies is denied more widely', { consent: version.id });
    return rule;
  }

  async function look(): Promise<void> {
    await Promise.all([lookForConsents(), labels.look()]);
  }

  async function lookForConsents(): Promise<void> {
    if (since === undefined || ++looks % READ_ALL_EVERY === 0) await readAll();
    else await readChanges(since);
    await related.refresh();
  }

  async function readAll(): Promise<void> {
    const from = since ?? (await options.watermark());
    const found: ConsentRule[] = [];
    for await (const page of activeConsents(resources, options.active)) found.push(...page.flatMap((version) => ruleOf(version) ?? []));
    consents.replaceAll(found);
    since ??= from;
  }

  async function readChanges(from: number): Promise<void> {
    for (const version of await changedConsents(resources, from)) consents.put(version.id, version.deleted ? undefined : ruleOf(version));
  }

  async function lookOn(): Promise<void> {
    const next = await options.watermark();
    await turns.take(look);
    since = next;
  }

  return {
    refresh: () => turns.take(look),
    isWatched: (key) => key.type === 'Consent' || related.isNamed(key),
    areLabelsInUse: labels.areInUse,
    beforeCommit: labels.beforeCommit,
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
