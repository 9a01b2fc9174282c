/** Something that set-up can't do without: what went wrong and what to do, in one line. */
export class SetUpError extends Error {
  constructor(problem, remedy) {
    super(`${problem} ${remedy}`);
    this.name = 'SetUpError';
  }
}

/** A line of progress. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** `12.3 s` since `startedAt` (of performance.now()). */
export function secondsSince(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}
