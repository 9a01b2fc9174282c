/** Where extractors put the entries of one resource. */
import type { IndexEntries, RangeEntry } from '../../../model/resource.ts';

type Scalar = number | string;

/** Sort texts longer than this are cut: the order beyond is that of identities. */
const SORT_TEXT_LIMIT = 64;

/** Collects the entries of one resource; `sorted` gives them in the form that stores keep. */
export class EntrySink {
  readonly s: string[] = [];
  readonly r: RangeEntry[] = [];
  readonly o: Record<string, { min: Scalar; max: Scalar; unit?: string | undefined }> = {};

  /** One value to sort by; of several, the least and the greatest stay. `unit` as in `SortScalar`. */
  sortBy(code: string, value: Scalar, unit?: string): void {
    const scalar = typeof value === 'string' && value.length > SORT_TEXT_LIMIT ? value.slice(0, SORT_TEXT_LIMIT).toWellFormed() : value;
    const known = this.o[code];
    if (!known) {
      this.o[code] = unit === undefined ? { min: scalar, max: scalar } : { min: scalar, max: scalar, unit };
      return;
    }
    if (known.unit !== undefined) known.unit = undefined;
    if (scalar < known.min) known.min = scalar;
    else if (scalar > known.max) known.max = scalar;
  }

  /** `s` sorted and each entry once; equal ranges once. */
  sorted(): Pick<IndexEntries, 's' | 'r' | 'o'> {
    return { s: uniqueSorted(this.s), r: uniqueRanges(this.r), o: this.o };
  }
}

function uniqueSorted(texts: string[]): string[] {
  texts.sort();
  let kept = 0;
  for (let i = 0; i < texts.length; i++) {
    if (i === 0 || texts[i] !== texts[kept - 1]) texts[kept++] = texts[i] as string;
  }
  texts.length = kept;
  return texts;
}

function uniqueRanges(ranges: readonly RangeEntry[]): readonly RangeEntry[] {
  if (ranges.length < 2) return ranges;
  return ranges.filter((range, at) => ranges.findIndex((other) => isSame(other, range)) === at);
}

const isSame = (a: RangeEntry, b: RangeEntry) => a.k === b.k && a.lo === b.lo && a.hi === b.hi;
