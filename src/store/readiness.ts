/** Whether the stores answer, part by part: what `GET /health/ready` and `$replica` say of the whole. */
import { orAfter } from '../lifecycle/or-after.ts';

type PartState = 'read-write' | 'read-only' | 'down';

interface StorePart {
  /** "shard_2", "MongoDB", "PostgreSQL" */
  readonly name: string;
  readonly state: PartState;
}

/** `degraded`: some of the data can't be read or written; the rest works. `not ready`: neither store answers. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'not ready';
  /** Parts that are not `read-write`. */
  readonly troubled: readonly StorePart[];
}

interface ClinicalState {
  ping(): Promise<void>;
  readonly shards: {
    readonly watch: { unwell(): readonly string[]; stateOf(shard: string): PartState };
  };
}

const ANSWER_WITHIN_MS = 2_000;

/** Asks both stores; at most 2 s. */
export async function readinessOf(clinical: ClinicalState, administrative: { ping(): Promise<void> }): Promise<Readiness> {
  const { watch } = clinical.shards;
  const [isClinical, isAdministrative] = await Promise.all([answers(clinical.ping()), answers(administrative.ping())]);
  const shards = watch.unwell().map((name): StorePart => ({ name, state: watch.stateOf(name) }));
  const troubled: StorePart[] = [
    ...(isClinical ? [] : [{ name: 'MongoDB', state: 'down' as const }]),
    ...shards,
    ...(isAdministrative ? [] : [{ name: 'PostgreSQL', state: 'down' as const }]),
  ];
  if (troubled.length === 0) return { status: 'ready', troubled };
  return { status: isClinical || isAdministrative ? 'degraded' : 'not ready', troubled };
}

function answers(ping: Promise<void>): Promise<boolean> {
  const answered = ping.then(
    () => true,
    () => false,
  );
  return orAfter(ANSWER_WITHIN_MS, answered, () => false);
}
