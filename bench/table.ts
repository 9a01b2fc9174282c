/** The result as Markdown tables, and their place in docs/performance.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { HAPI, TARGET_AT_ONE_CLIENT, TARGET_RATE } from './hapi.ts';
import { round } from './measure.ts';
import type { Line } from './summary.ts';

export const UNITS: Readonly<Record<string, string>> = { load: 'load (a resource)' };

/** Three digits. */
export const cell = (value: number) =>
  value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
/** A line of a Markdown table. */
export const row = (cells: readonly (string | number)[]) =>
  `| ${cells.map((each) => (typeof each === 'number' ? cell(each) : each)).join(' | ')} |`;

/** The head of a table and the line below it; columns after the first `texts` hold numbers. */
export const headRow = (head: readonly string[], texts = 1): readonly string[] => [
  row(head),
  row(head.map((_, n) => (n < texts ? '---' : '--:'))),
];

export function gatewayTable(lines: readonly Line[]): string {
  const head = [
    'phase',
    'clients',
    'a second',
    'p50 ms',
    'p95',
    'p99',
    'CPU ms',
    'gateway',
    'router',
    'shards',
    'config',
    'PostgreSQL',
    'HAPI',
    'cheaper',
    'wanted',
    'HAPI a second',
    'faster',
  ];
  const body = lines
    .filter(({ work }) => !work)
    .map((line) => row([UNITS[line.phase] ?? line.phase, String(line.concurrency), ...measures(line), ...rivalCells(line)]));
  return [...headRow(head), ...body].join('\n');
}

const measures = ({ unitsPerSecond, p50Ms, p95Ms, p99Ms, cpuTotalMs, cpuMs }: Line) => [
  unitsPerSecond,
  p50Ms,
  p95Ms,
  p99Ms,
  `**${cell(cpuTotalMs)}**`,
  cpuMs.gateway,
  cpuMs.router,
  cpuMs.shards,
  cpuMs.config,
  cpuMs.postgres,
];

function rivalCells({ phase, concurrency, cpuTotalMs, unitsPerSecond }: Line): string[] {
  const rival = HAPI[phase];
  if (!rival) return ['', '', '', '', ''];
  const target = concurrency === 1 ? TARGET_AT_ONE_CLIENT : rival.target;
  const ratio = rival.cpuMs / cpuTotalMs;
  const cost = [cell(rival.cpuMs), `${ratio.toFixed(1)}×${ratio >= target ? '' : ' ✗'}`, `${target}×`];
  // Its rate was measured at 16 clients.
  if (concurrency !== 16) return [...cost, '', ''];
  const faster = unitsPerSecond / rival.perSecond;
  return [...cost, cell(rival.perSecond), `${faster.toFixed(1)}×${faster >= TARGET_RATE ? '' : ' ✗'}`];
}

/** What the drivers alone cost for the same storage work, and how many times that the gateway costs. */
export function rawTable(lines: readonly Line[]): string {
  const head = [
    'phase',
    'raw work',
    'clients',
    'a second',
    'p50 ms',
    'CPU ms',
    'driver',
    'router',
    'shards',
    'PostgreSQL',
    'gateway ÷ raw',
  ];
  const body = lines
    .filter(({ work }) => work)
    .map((line) => {
      const { cpuMs, cpuTotalMs } = line;
      const gateway = lines.find(({ work, phase, concurrency }) => !work && phase === line.phase && concurrency === line.concurrency);
      const ratio = gateway && cpuTotalMs > 0 ? `${(gateway.cpuTotalMs / cpuTotalMs).toFixed(2)}×` : '';
      const facts = [line.unitsPerSecond, line.p50Ms, `**${cell(cpuTotalMs)}**`, cpuMs.gateway, cpuMs.router, cpuMs.shards, cpuMs.postgres];
      return row([line.phase, line.work ?? '', String(line.concurrency), ...facts, ratio]);
    });
  return [...headRow(head, 2), ...body].join('\n');
}

/** Puts `text` between `<!-- bench:<name> -->` and `<!-- /bench -->` of a Markdown file. @throws Error if it has no such place */
export async function writeBetweenMarkers(path: string, name: string, text: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const begin = `<!-- bench:${name} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf('<!-- /bench -->', from);
  if (from < 0 || to < 0) throw new Error(`${path} has no place marked "${name}"`);
  await writeFile(path, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}

/** p50 at one client, in the words of the aim: no worse than the rival's. */
export function latencyLines(lines: readonly Line[]): string[] {
  return lines.flatMap(({ phase, concurrency, work, p50Ms }) => {
    const rival = HAPI[phase]?.p50Ms;
    if (work || concurrency !== 1 || rival === undefined) return [];
    return [`- ${phase}: p50 ${cell(p50Ms)} ms at one client; HAPI ${rival} ms (${round(p50Ms / rival, 2)}×).`];
  });
}
