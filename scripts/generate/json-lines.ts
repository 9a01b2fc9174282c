/** JSON that a diff can be read in: one line for each member or item of the outermost value. */
export function jsonLines(value: object): string {
  if (Array.isArray(value)) return `[\n${value.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;
  const lines = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Order of code units, the same on every machine and in every locale. */
export function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
