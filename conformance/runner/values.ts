/** Paths into answers, and names that stand for what was saved. */

/** What is at "entry[0].response.status" or "entry.length"; undefined if it isn't there. */
export function valueAt(root: unknown, path: string): unknown {
  const steps = path
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter((step) => step !== '');
  return steps.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined),
    root,
  );
}

/** `{{name}}` put in, everywhere in a JSON value or text. @throws Error for a name that was never saved */
export function fill<T>(value: T, saved: ReadonlyMap<string, string>): T {
  if (typeof value === 'string') {
    return value.replace(/\{\{([\w-]+)\}\}/g, (_whole, name: string) => {
      const text = saved.get(name);
      if (text === undefined) throw new Error(`nothing was saved as ${name}`);
      return text;
    }) as T;
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, saved)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, saved)])) as T;
}

/** True if a value is what was expected: equal, or matched by `/pattern/`. */
export function isAsExpected(actual: unknown, expected: unknown): boolean {
  if (expected === null) return actual === undefined || actual === null;
  const pattern = typeof expected === 'string' ? /^\/(.*)\/$/s.exec(expected)?.[1] : undefined;
  if (pattern !== undefined) return actual !== undefined && new RegExp(pattern, 's').test(String(actual));
  return JSON.stringify(actual) === JSON.stringify(expected);
}
