/** The values of a statement under construction: SQL text never holds one. */
export interface Parameters {
  readonly values: readonly unknown[];
  /** Binds a value; gives its place, "$3". */
  add(value: unknown): string;
}

export function createParameters(): Parameters {
  const values: unknown[] = [];
  return { values, add: (value) => `$${values.push(value)}` };
}
