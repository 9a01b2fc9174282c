/** Results of several servers side by side, as Markdown. */
import { HAPI, TARGET_AT_ONE_CLIENT } from './hapi.ts';
import type { Phase } from './phases.ts';
import type { Line } from './summary.ts';
import { cell, headRow, row, UNITS } from './table.ts';

/** One file of bench/results. */
export interface Result {
  readonly name: string;
  /** When it was taken. */
  readonly at: string;
  readonly lines: readonly Line[];
}

/**
 * For each number of clients a table of CPU, with how many times cheaper ours are than each rival, and one of rates and
 * medians. Phases that no rival was asked are left out.
 */
export function comparison(rivals: readonly Result[], own: readonly Result[]): string {
  const all = [...rivals, ...own];
  const taken = all.map(({ name, at }) => `${name} ${at.slice(0, 16)}Z`).join(', ');
  const clients = [...new Set(rivals.flatMap(({ lines }) => lines.map(({ concurrency }) => concurrency)))];
  return [`Taken: ${taken}.`, ...clients.flatMap((count) => [cpuTable(rivals, own, count), paceTable(rivals, own, count)])].join('\n\n');
}

/** Undefined for what was not measured. */
const lineOf = ({ lines }: Result, phase: Phase, clients: number) =>
  lines.find((line) => line.phase === phase && line.concurrency === clients && !line.work);

const phasesOf = (results: readonly Result[]): Phase[] => [...new Set(results.flatMap(({ lines }) => lines.map(({ phase }) => phase)))];

function cpuTable(rivals: readonly Result[], own: readonly Result[], clients: number): string {
  const head = [`CPU ms, ${inWords(clients)}`, ...rivals.map(nameOf), ...own.flatMap(({ name }) => [name, 'cheaper']), 'wanted'];
  const body = phasesOf(rivals).map((phase) => {
    const costOf = (result: Result) => lineOf(result, phase, clients)?.cpuTotalMs;
    const theirs = rivals.map(costOf);
    const ours = own.flatMap((result) => {
      const cost = costOf(result);
      return [bold(cost), cost ? theirs.map((their) => (their ? `${(their / cost).toFixed(1)}×` : '')).join(' / ') : ''];
    });
    const target = clients === 1 ? TARGET_AT_ONE_CLIENT : HAPI[phase]?.target;
    return row([UNITS[phase] ?? phase, ...theirs.map(show), ...ours, target ? `${target}×` : '']);
  });
  return [...headRow(head), ...body].join('\n');
}

function paceTable(rivals: readonly Result[], own: readonly Result[], clients: number): string {
  const all = [...rivals, ...own];
  const head = [`a second (p50 ms), ${inWords(clients)}`, ...all.map(nameOf)];
  const body = phasesOf(rivals).map((phase) => {
    const cells = all.map((result) => {
      const line = lineOf(result, phase, clients);
      return line ? `${cell(line.unitsPerSecond)} (${cell(line.p50Ms)})` : '';
    });
    return row([UNITS[phase] ?? phase, ...cells]);
  });
  return [...headRow(head), ...body].join('\n');
}

const nameOf = ({ name }: Result) => name;
const inWords = (clients: number) => (clients === 1 ? '1 client' : `${clients} clients`);
const show = (value: number | undefined) => (value === undefined ? '' : cell(value));
const bold = (value: number | undefined) => (value === undefined ? '' : `**${cell(value)}**`);
