/**
 * What the work gives, or, once so many milliseconds have gone by, what `late` gives or throws. The work goes on all the same;
 * nobody is told if it fails then.
 */
export async function orAfter<Result, Late>(ms: number, work: Promise<Result>, late: () => Late): Promise<Result | Late> {
  const { promise: tooLong, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    return await Promise.race([work, tooLong.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
