/** `GET /$shard?what-if=…`: the shapes of recent searches against another number of shards or another width of partitions. */
import { invalidValue } from '../../model/error.ts';
import type { Administration, PartitionDescription } from '../../store/administration.ts';
import type { SearchShape } from '../../store/layers/recent-shapes.ts';
import { group, type Part, part } from '../answer.ts';

const MOST_SHARDS = 1_024;
const SAMPLED_KEYS = 5_000;
const WIDTHS: Readonly<Record<string, number>> = { day: 1, week: 7, month: 365.25 / 12, quarter: 365.25 / 4, year: 365.25 };
const YEAR_DAYS = 365.25;

/** @param shapes of recent searches of this gateway. @throws FhirError 400 */
export async function whatIf(text: string, administration: Administration, shapes: readonly SearchShape[]): Promise<readonly Part[]> {
  const [, what, value = ''] = /^(shards|partitions):(\w+)$/.exec(text) ?? [];
  const types = new Set(administration.administrative.partitionedTables().map(({ type }) => type));
  const isPartitioned = ({ types: asked }: SearchShape) => asked.some((type) => types.has(type));
  if (what === 'shards') {
    const shards = Number(value);
    if (!Number.isInteger(shards) || shards < 1 || shards > MOST_SHARDS)
      throw invalidValue(`what-if=shards: takes a number from 1 to ${MOST_SHARDS}, not "${value}"`, 'what-if');
    const names = await administration.clinical.shardNames();
    const keys = await administration.clinical.sampleRecordKeys(SAMPLED_KEYS);
    return shardParts(
      shapes.filter((shape) => !isPartitioned(shape)),
      keys,
      names.length,
      shards,
    );
  }
  const days = what === 'partitions' ? WIDTHS[value] : undefined;
  if (days === undefined)
    throw invalidValue(`what-if is shards:<number> or partitions:${Object.keys(WIDTHS).join('|')}, not "${text}"`, 'what-if');
  return partitionParts(shapes.filter(isPartitioned), await administration.administrative.describePartitions(), types, days);
}

/** Searches that name a patient go to one shard, all others to every shard. */
export function shardParts(shapes: readonly SearchShape[], keys: readonly string[], now: number, then: number): readonly Part[] {
  const targeted = shareOf(shapes, ({ namesPatient }) => namesPatient);
  const hottest = hottestShare(keys, then);
  const fanOut = (shards: number) => targeted + (1 - targeted) * shards;
  return [
    part('searches', shapes.length),
    part('sampledDocuments', keys.length),
    part('shardsNow', now),
    part('shards', then),
    part('targetedPercent', percent(targeted)),
    part('expectedFanOutNow', rounded(fanOut(now))),
    part('expectedFanOut', rounded(fanOut(then))),
    part('hottestShardDocumentsPercent', percent(hottest)),
    part('hottestShardSearchesPercent', percent(targeted * hottest + (1 - targeted))),
    ...byShape(shapes, ({ namesPatient }) => [part('shardsNow', namesPatient ? 1 : now), part('shards', namesPatient ? 1 : then)]),
  ];
}

/** Of the documents, the share on the fullest of so many shards, which divide the hash digits evenly. */
function hottestShare(keys: readonly string[], shards: number): number {
  if (keys.length === 0) return 1 / shards;
  const counts = new Array<number>(shards).fill(0);
  for (const key of keys) {
    const at = Math.min(shards - 1, Math.floor((Number.parseInt(key.slice(2, 10), 16) / 2 ** 32) * shards));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return Math.max(...counts) / keys.length;
}

/** A search that narrows the business date looks into the partitions of those days, any other into all of its table's. */
export function partitionParts(
  shapes: readonly SearchShape[],
  partitions: readonly Pick<PartitionDescription, 'table' | 'isDefault'>[],
  types: ReadonlySet<string>,
  days: number,
): readonly Part[] {
  const yearsOf = (type: string) => partitions.filter(({ table, isDefault }) => !isDefault && table === type.toLowerCase()).length;
  const touched = (shape: SearchShape, width: number) =>
    shape.types
      .filter((type) => types.has(type))
      .map((type) => {
        const all = Math.ceil((yearsOf(type) * YEAR_DAYS) / width);
        // The default partition is looked into as well, unless the days end.
        return shape.days === undefined ? all + 1 : Math.min(all, Math.floor(shape.days / width) + 2);
      })
      .reduce((sum, n) => sum + n, 0);
  const mean = (width: number) => shapes.reduce((sum, shape) => sum + touched(shape, width), 0) / Math.max(1, shapes.length);
  return [
    part('searches', shapes.length),
    part('partitionDays', rounded(days)),
    part('narrowedByDatePercent', percent(shareOf(shapes, (shape) => shape.days !== undefined))),
    part('partitionsTouchedNow', rounded(mean(YEAR_DAYS))),
    part('partitionsTouched', rounded(mean(days))),
    ...byShape(shapes, (shape) => [part('partitionsNow', touched(shape, YEAR_DAYS)), part('partitions', touched(shape, days))]),
  ];
}

const MOST_SHAPES = 50;

/** A row for each shape, the most frequent first. */
function byShape(shapes: readonly SearchShape[], outcome: (shape: SearchShape) => readonly Part[]): readonly Part[] {
  const groups = new Map<string, { readonly shape: SearchShape; count: number }>();
  for (const shape of shapes) {
    const name = `${shape.types.join()} ${shape.parameters.join()} ${shape.namesPatient} ${Math.ceil(shape.days ?? -1)}`;
    const known = groups.get(name) ?? { shape, count: 0 };
    known.count++;
    groups.set(name, known);
  }
  const rows = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MOST_SHAPES);
  return rows.map(({ shape, count }) =>
    group('shape', [
      part('types', shape.types.length > 3 ? `${shape.types.length} types` : shape.types.join(' ')),
      part('parameters', shape.parameters.join(' ')),
      part('namesPatient', shape.namesPatient),
      part('days', shape.days === undefined ? undefined : Math.ceil(shape.days)),
      part('searches', count),
      ...outcome(shape),
    ]),
  );
}

const shareOf = (shapes: readonly SearchShape[], holds: (shape: SearchShape) => boolean) =>
  shapes.length === 0 ? 0 : shapes.filter(holds).length / shapes.length;
const percent = (share: number) => Math.round(share * 100);
const rounded = (value: number) => Math.round(value * 10) / 10;
