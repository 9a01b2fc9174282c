/**
 * A process that commits units over both stores and kills itself with SIGKILL at a step of one of them.
 *
 * It prints `start <n>` before and `done <n>` after each unit; its parent reads what it got to say.
 * Arguments as JSON: {@link VictimOrder}.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { unitOf } from '../../src/store/benchmark/scratch-units.ts';
import { type CommitStep, createTwoPhaseCommit } from '../../src/store/placement/two-phase.ts';
import { openStores } from './stores.ts';

export interface VictimOrder {
  readonly mongodbUri: string;
  readonly databaseUrl: string;
  readonly gatewayId: string;
  /** Numbers of the units: the first, and how many. */
  readonly first: number;
  readonly units: number;
  /** Dies at this step of the last unit; or, for "any", after `afterMs`. */
  readonly step: CommitStep | 'any';
  readonly afterMs: number;
  /** Where it tells how far it came. A file, since what is in a pipe dies with its writer. */
  readonly journal: string;
}

const order = JSON.parse(process.argv[2] ?? '{}') as VictimOrder;
const { clinical, administrative } = await openStores(order.mongodbUri, order.databaseUrl);
let current = order.first;
const last = order.first + order.units - 1;

const { commit } = createTwoPhaseCommit({
  clinical,
  administrative,
  gatewayId: order.gatewayId,
  newUlid: () => `U${current}`,
  onStep: (step) => {
    if (step === order.step && current === last) process.kill(process.pid, 'SIGKILL');
  },
});

if (order.step === 'any') void sleep(order.afterMs).then(() => process.kill(process.pid, 'SIGKILL'));
for (; order.step === 'any' || current <= last; current++) {
  const { clinicalUnit, administrativeUnit } = unitOf(current);
  appendFileSync(order.journal, `start ${current}\n`);
  await commit(clinicalUnit, administrativeUnit);
  appendFileSync(order.journal, `done ${current}\n`);
}
