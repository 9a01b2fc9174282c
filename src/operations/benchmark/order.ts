/** What a benchmark is asked to do, within bounds: it shares the engines with patients' records. */
import { invalidValue, unsupportedParameter } from '../../model/error.ts';

const SUITES = ['layouts', 'sharding', 'partitioning', 'failover', 'bundle-crash'] as const;
type Suite = (typeof SUITES)[number];

export interface BenchmarkOrder {
  readonly suite: Suite;
  /** Generated records in each layout. */
  readonly records: number;
  /** Numbers of queries asked at once; each is measured by itself. */
  readonly concurrency: readonly number[];
  /** How often each class of query is asked at most of each layout in one round. */
  readonly queriesPerRound: number;
  readonly rounds: number;
  /** Numbers of ranges to compare with one; empty: four, and as many as the cluster has shards. */
  readonly ranges: readonly number[];
  /** After this long it ends with what it has; seconds. */
  readonly seconds: number;
}

/** What is asked for when the client doesn't say, and what a client may ask for. */
const BOUNDS = {
  records: { least: 100, usual: 20_000, most: 500_000 },
  queries: { least: 10, usual: 100, most: 2_000 },
  // Fewer rounds give no interval.
  rounds: { least: 5, usual: 7, most: 20 },
  seconds: { least: 20, usual: 240, most: 540 },
} as const;

const CONCURRENCY = { least: 1, usual: [1, 8], most: 16, mostValues: 3 };
const RANGES = { least: 2, usual: [], most: 64, mostValues: 3 };

const NAMES: readonly string[] = ['suite', 'concurrency', 'ranges', ...Object.keys(BOUNDS)];

type Pairs = readonly (readonly [name: string, value: string])[];

/**
 * A name that is not known is refused as well: a slip of the pen must not start minutes of something else.
 * @throws FhirError 400 naming the parameter
 */
export function readOrder(pairs: Pairs): BenchmarkOrder {
  const unknown = pairs.find(([name]) => !NAMES.includes(name));
  if (unknown) throw unsupportedParameter(`$benchmark has no parameter "${unknown[0]}"`, unknown[0]);
  const whole = (name: keyof typeof BOUNDS) => {
    const { least, usual, most } = BOUNDS[name];
    const text = single(pairs, name);
    return text === undefined ? usual : wholeNumber(name, text, least, most);
  };
  const several = (name: string, { least, usual, most, mostValues }: typeof CONCURRENCY | typeof RANGES) => {
    const texts = [...new Set(valuesOf(pairs, name).flatMap((value) => value.split(',')))];
    if (texts.length > mostValues) throw invalidValue(`${name} has ${mostValues} values at most`, name);
    return texts.length === 0 ? usual : texts.map((text) => wholeNumber(name, text, least, most));
  };
  return {
    suite: suiteIn(single(pairs, 'suite') ?? 'layouts'),
    records: whole('records'),
    concurrency: several('concurrency', CONCURRENCY),
    queriesPerRound: whole('queries'),
    rounds: whole('rounds'),
    ranges: several('ranges', RANGES),
    seconds: whole('seconds'),
  };
}

const valuesOf = (pairs: Pairs, name: string) => pairs.flatMap(([each, value]) => (each === name ? [value] : []));

function single(pairs: Pairs, name: string): string | undefined {
  const values = valuesOf(pairs, name);
  if (values.length > 1) throw invalidValue(`${name} has one value, not ${values.length}`, name);
  return values[0];
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw invalidValue(`${name} is a whole number from ${least} to ${most}, not "${text}"`, name);
  return value;
}

function suiteIn(text: string): Suite {
  const suite = SUITES.find((each) => each === text);
  if (suite) return suite;
  throw invalidValue(`suite is one of ${SUITES.join(', ')}, not "${text}"`, 'suite');
}
