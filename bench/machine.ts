/** The machine in general terms: enough to compare results, nothing that names it. */
import { availableParallelism, cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly memoryGb: number;
  readonly cpu: string;
  readonly kernel: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    kernel: `Linux ${release().split('.').slice(0, 2).join('.')}`,
    node: process.version,
  };
}
