/**
 * The CPU time of a fixed piece of work. On a machine shared with others the same instructions take more CPU time (caches,
 * shared cores, interrupts): results of two runs compare only as far as this figure is the same.
 */

const DOCUMENT = JSON.stringify(
  Array.from({ length: 400 }, (_, n) => ({ id: `r${n}`, code: [{ system: 'urn:x', code: String(n * 7919) }], n })),
);

/** Milliseconds; about 20 on a quiet machine of 2025. */
export function calibrate(): number {
  const before = process.cpuUsage();
  const seen = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    for (const { id, n } of JSON.parse(DOCUMENT) as { id: string; n: number }[]) seen.set(id, (seen.get(id) ?? 0) + n);
  }
  if (seen.size !== 400) throw new Error('the calibration went wrong');
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
