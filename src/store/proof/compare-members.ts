/** Members' digests side by side: which ranges differ, and what that makes of the set. */
import { createHash } from 'node:crypto';
import {
  type Divergence,
  type MemberDigest,
  type MemberReading,
  MOST_DIVERGENCES,
  type RangeDigest,
  type SetProof,
  type SetVerdict,
} from './proof.ts';

interface Compared {
  readonly members: readonly MemberDigest[];
  readonly ranges: readonly RangeDigest[];
  /** Ranges that are not the same on all members, in order. */
  readonly differing: readonly Pick<RangeDigest, 'collection' | 'range'>[];
}

export function compareMembers(readings: readonly MemberReading[]): Compared {
  const byRange = new Map<string, RangeDigest[]>();
  const read = readings.flatMap((reading) => ('ranges' in reading ? [reading.ranges] : []));
  for (const range of read.flat()) {
    const name = `${range.collection}\n${range.range}`;
    byRange.set(name, [...(byRange.get(name) ?? []), range]);
  }
  const groups = [...byRange].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group as [RangeDigest, ...RangeDigest[]]);
  const isSame = (group: readonly RangeDigest[]) => group.length === read.length && new Set(group.map(({ digest }) => digest)).size === 1;
  return {
    members: readings.map(memberOf),
    ranges: groups.map(([first]) => first),
    differing: groups.filter((group) => !isSame(group)).map(([{ collection, range }]) => ({ collection, range })),
  };
}

function memberOf(reading: MemberReading): MemberDigest {
  if ('problem' in reading) return { host: reading.host, documents: 0, problem: reading.problem };
  const whole = createHash('sha256');
  for (const { collection, range, documents, digest } of reading.ranges) whole.update(`${collection} ${range} ${documents} ${digest}\n`);
  return {
    host: reading.host,
    documents: reading.ranges.reduce((sum, { documents }) => sum + documents, 0),
    digest: whole.digest('hex'),
  };
}

/** @param divergences the documents in the differing ranges */
export function verdictOn({ members, differing }: Compared, divergences: readonly Divergence[]): SetVerdict {
  if (differing.length > 0 || divergences.length > 0) return 'diverging';
  const readable = members.filter(({ digest }) => digest !== undefined).length;
  if (readable < members.length) return 'incomplete';
  return readable === 1 ? 'alone' : 'equal';
}

/** One entry of a member's ordered list. */
export interface KeyedDigest {
  readonly id: string;
  readonly digest: string;
}

interface MemberList {
  readonly host: string;
  /** In the order of `id`, byte by byte. */
  readonly entries: AsyncIterator<KeyedDigest>;
}

/** The documents by which ranges differ, up to as many as are named. `open` gives a range's lists, one a member. */
export async function differencesIn(
  differing: Compared['differing'],
  open: (collection: string, range: string) => readonly MemberList[],
): Promise<Pick<SetProof, 'divergences' | 'isCut'>> {
  const divergences: Divergence[] = [];
  for (const { collection, range } of differing) {
    const lists = open(collection, range);
    try {
      for await (const divergence of divergencesOf(collection, lists)) {
        if (divergences.length === MOST_DIVERGENCES) return { divergences, isCut: true };
        divergences.push(divergence);
      }
    } finally {
      await Promise.all(lists.map(({ entries }) => entries.return?.(undefined)));
    }
  }
  return { divergences, isCut: false };
}

/** What is not the same in all lists, which are read side by side so that none is held in memory. */
async function* divergencesOf(collection: string, lists: readonly MemberList[]): AsyncGenerator<Divergence> {
  const heads = await Promise.all(lists.map(({ entries }) => entries.next()));
  for (;;) {
    const ids = heads.flatMap((head) => (head.done ? [] : [head.value.id]));
    const [first] = ids;
    if (first === undefined) return;
    const id = ids.reduce((least, each) => (Buffer.compare(Buffer.from(each), Buffer.from(least)) < 0 ? each : least), first);
    const members = lists.map(({ host }, index) => {
      const head = heads[index];
      return head && !head.done && head.value.id === id ? { host, digest: head.value.digest } : { host };
    });
    if (new Set(members.map(({ digest }) => digest)).size > 1) yield { collection, id, members };
    await Promise.all(
      heads.map(async (head, index) => {
        if (!head.done && head.value.id === id) heads[index] = (await lists[index]?.entries.next()) ?? head;
      }),
    );
  }
}

/** The proof of a set from what its members were read to hold. */
export function setProof(
  set: Pick<SetProof, 'engine' | 'name' | 'at'>,
  compared: Compared,
  { divergences, isCut }: Pick<SetProof, 'divergences' | 'isCut'>,
): SetProof {
  const { members, ranges } = compared;
  return { ...set, verdict: verdictOn(compared, divergences), members, ranges, divergences, isCut };
}
