/**
 * Whether security labels are in use. Until they are no request pays for them; so every gateway must heed them before the
 * first resource with one is stored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../model/error.ts';
import type { ResourceDraft } from '../model/resource.ts';
import type { UnitOfWork } from '../store/store.ts';

/** What the gateways tell each other of labels. */
export interface LabelUse {
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

interface LabelWatch {
  /** As far as this gateway knows. */
  areInUse(): boolean;
  /** Asks the stores, until they are. */
  look(): Promise<void>;
  /** To be awaited before a commit. Undefined, as nearly always, for nothing to wait for. @throws FhirError 503 */
  beforeCommit(unit: UnitOfWork): Promise<void> | undefined;
}

const HEEDED_WITHIN_MS = 8_000;
const ASK_EVERY_MS = 200;

export function createLabelWatch(labels: LabelUse): LabelWatch {
  let hasLooked = false;
  let areInUse = false;
  let doAllHeed = false;

  function heed(): void {
    areInUse = true;
    labels.tell();
  }

  async function begin(): Promise<void> {
    await labels.use();
    heed();
    for (const until = performance.now() + HEEDED_WITHIN_MS; performance.now() < until; ) {
      if (await labels.allKnow()) return;
      await sleep(ASK_EVERY_MS);
    }
    throw unavailable('The first resource with a label that needs clearance waits until all gateways heed labels: try again.');
  }

  return {
    areInUse: () => areInUse,
    async look() {
      if (areInUse) return;
      if (!hasLooked && (await labels.isLabelled())) await labels.use();
      hasLooked = true;
      if (await labels.areInUse()) heed();
    },
    beforeCommit({ writes }) {
      if (doAllHeed || !writes.some(({ draft }) => labels.bearsLabel(draft))) return undefined;
      return begin().then(() => {
        doAllHeed = true;
      });
    },
  };
}
