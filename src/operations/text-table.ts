/** Parameters and OperationOutcomes as plain text, for people at a terminal: `Accept: text/plain`. */

interface Element {
  readonly name?: string;
  readonly part?: readonly Element[];
  readonly [value: string]: unknown;
}

interface Outcome {
  readonly severity?: string;
  readonly code?: string;
  readonly diagnostics?: string;
}

/** Parameters as lines `name: value` and, where several of one name follow each other, tables. Undefined for other resources. */
export function textOfResource(json: string): string | undefined {
  const {
    resourceType,
    parameter = [],
    issue = [],
  } = JSON.parse(json, keepNumber) as {
    readonly resourceType?: string;
    readonly parameter?: readonly Element[];
    readonly issue?: readonly Outcome[];
  };
  if (resourceType === 'Parameters') return `${linesOf(parameter, '').join('\n')}\n`;
  if (resourceType === 'OperationOutcome')
    return `${issue.map((each) => `${each.severity} (${each.code}): ${each.diagnostics ?? ''}`).join('\n')}\n`;
  return undefined;
}

/** Numbers with the digits that the text has. */
const keepNumber = (_name: string, value: unknown, { source }: { readonly source?: string } = {}): unknown =>
  typeof value === 'number' ? source : value;

function linesOf(elements: readonly Element[], indent: string): string[] {
  return runsOf(elements).flatMap((run) =>
    run.every(isFlat) ? ['', ...tableOf(run, indent)] : run.flatMap((each) => linesOfOne(each, indent)),
  );
}

function linesOfOne({ name = '', part, ...rest }: Element, indent: string): string[] {
  if (!part) return [`${indent}${name}: ${shownValue(rest)}`];
  return ['', `${indent}${name}`, ...linesOf(part, `${indent}  `)];
}

/** Neighbours of one name. */
function runsOf(elements: readonly Element[]): Element[][] {
  const runs: Element[][] = [];
  for (const element of elements) {
    const last = runs.at(-1);
    if (last?.[0]?.name === element.name) last?.push(element);
    else runs.push([element]);
  }
  return runs;
}

/** A group of values only: a row of a table. */
const isFlat = ({ part }: Element) => part?.every((each) => each.part === undefined) === true;

function tableOf(rows: readonly Element[], indent: string): string[] {
  const names = columnsOf(rows);
  const texts = rows.map(({ part = [] }) =>
    names.map((name) =>
      part
        .filter((each) => each.name === name)
        .map(({ name: _name, ...rest }) => shownValue(rest))
        .join(', '),
    ),
  );
  const widths = names.map((name, at) => Math.max(name.length, ...texts.map((row) => row[at]?.length ?? 0)));
  const isNumeric = names.map((_, at) => texts.every((row) => /^$|^-?[\d.]+$/.test(row[at] ?? '')));
  const line = (cells: readonly string[]) =>
    `${indent}${cells.map((cell, at) => (isNumeric[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  ')}`.trimEnd();
  return [line(names), line(widths.map((width) => '-'.repeat(width))), ...texts.map(line)];
}

/** Every name that a row has, each before those that follow it in some row. */
function columnsOf(rows: readonly Element[]): string[] {
  const names: string[] = [];
  for (const { part = [] } of rows) {
    let at = 0;
    for (const { name = '' } of part) {
      const known = names.indexOf(name);
      if (known < 0) names.splice(at, 0, name);
      at = (known < 0 ? at : known) + 1;
    }
  }
  return names;
}

function shownValue(rest: Readonly<Record<string, unknown>>): string {
  const value = Object.entries(rest).find(([name]) => name.startsWith('value'))?.[1];
  // A line break or another control character in a value must not draw a table of its own.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it takes out
  return (typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
