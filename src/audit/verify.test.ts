/** Six ways to tamper with an audit, and what finds them. */
import { describe, expect, test } from 'vitest';
import { type ChainHead, firstHash, nextHash } from './chain.ts';
import type { Root } from './roots.ts';
import { type Evidence, type StoredEvent, verifyEvents } from './verify.ts';

const CHAIN = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const COUNT = 200;
const ROOT_AT = [50, 100, 150];

const seal = (texts: readonly string[], from: ChainHead = { seq: 0, hash: firstHash(CHAIN) }): StoredEvent[] => {
  let { seq, hash } = from;
  return texts.map((text) => {
    hash = nextHash(hash, text);
    seq++;
    return { chain: 1, seq, recorded: Number(text.split('\t')[1]), text, hash };
  });
};

const textOf = (n: number) => `1\t${1_700_000_000_000 + n}\tread\t200`;
const honest = seal(Array.from({ length: COUNT }, (_, i) => textOf(i + 1)));
const at = (seq: number) => honest[seq - 1] as StoredEvent;

/** Signing is another's business here: a root is its own signature. */
const signed = (root: Root) => JSON.stringify(root);
const readRoot = async (text: string) => (text.startsWith('{') ? (JSON.parse(text) as Root) : undefined);
const roots = ROOT_AT.map((seq) => signed({ chain: CHAIN, seq, hash: at(seq).hash, at: 0 }));

async function findings(rows: readonly StoredEvent[], changes: Partial<Evidence> = {}) {
  const last = rows.at(-1) ?? { seq: 0, hash: firstHash(CHAIN) };
  const evidence: Evidence = {
    chains: new Map([[1, { name: CHAIN, seq: last.seq, hash: last.hash }]]),
    roots,
    heads: new Map(),
    ...changes,
  };
  async function* batches() {
    for (let i = 0; i < rows.length; i += 30) yield rows.slice(i, i + 30);
  }
  return (await verifyEvents(batches(), evidence, readRoot)).findings;
}

const without = (from: number, to = from) => honest.filter(({ seq }) => seq < from || seq > to);

describe('an audit that nobody touched', () => {
  test('has no findings', async () => {
    expect(await findings(honest, { heads: new Map([[CHAIN, { seq: COUNT, hash: at(COUNT).hash }]]) })).toEqual([]);
  });
});

describe('tampering is found and the event is named', () => {
  test('altered', async () => {
    const altered = honest.map((row) => (row.seq === 77 ? { ...row, text: row.text.replace('read', 'search-type') } : row));
    expect(await findings(altered)).toEqual([{ chain: CHAIN, seq: 77, problem: expect.stringContaining('altered') }]);
  });

  test('altered, its own hash made to fit', async () => {
    const text = textOf(77).replace('200', '403');
    const altered = honest.map((row) => (row.seq === 77 ? { ...row, text, hash: nextHash(at(76).hash, text) } : row));
    expect((await findings(altered))[0]).toMatchObject({ seq: 78, problem: expect.stringContaining('the one before it') });
  });

  test('moved to another day', async () => {
    const moved = honest.map((row) => (row.seq === 77 ? { ...row, recorded: 0 } : row));
    expect(await findings(moved)).toEqual([{ chain: CHAIN, seq: 77, problem: expect.stringContaining('another time') }]);
  });

  test('deleted', async () => {
    expect((await findings(without(77)))[0]).toMatchObject({ seq: 77, problem: 'events 77 to 77 are missing' });
    expect((await findings(without(1, 3)))[0]).toMatchObject({ seq: 1, problem: 'events 1 to 3 are missing' });
  });

  test('inserted', async () => {
    const extra = { ...at(77), text: textOf(999) };
    expect((await findings([...honest.slice(0, 77), extra, ...honest.slice(77)]))[0]).toMatchObject({
      seq: 77,
      problem: expect.stringContaining('second event'),
    });
  });

  test('reordered', async () => {
    const swapped = honest.map((row) => (row.seq === 77 ? { ...at(78), seq: 77 } : row.seq === 78 ? { ...at(77), seq: 78 } : row));
    expect((await findings(swapped)).map(({ seq }) => seq)).toEqual([77, 78, 79]);
  });

  test('cut off at the end: by the head in the database, by a root, by what the gateway remembers', async () => {
    const cut = without(141, COUNT);
    const head = { seq: COUNT, hash: at(COUNT).hash };
    expect((await findings(cut, { chains: new Map([[1, { name: CHAIN, ...head }]]) }))[0]).toMatchObject({
      seq: 141,
      problem: 'events 141 to 200 are missing at the end',
    });
    expect((await findings(cut))[0]).toMatchObject({ seq: 141, problem: 'events 141 to 150 are missing at the end' });
    expect((await findings(cut, { roots: [], heads: new Map([[CHAIN, head]]) }))[0]).toMatchObject({ seq: 141 });
  });

  test('written anew from the middle, every hash made to fit', async () => {
    const rewritten = [
      ...honest.slice(0, 119),
      ...seal([textOf(120).replace('read', 'vread'), ...honest.slice(120).map(({ text }) => text)], at(119)),
    ];
    expect(await findings(rewritten)).toEqual([
      { chain: CHAIN, seq: 150, problem: expect.stringContaining('what comes after event 100 was written anew') },
    ]);
  });

  test('written anew after the last root', async () => {
    const rewritten = [
      ...honest.slice(0, 179),
      ...seal([textOf(180).replace('read', 'vread'), ...honest.slice(180).map(({ text }) => text)], at(179)),
    ];
    const heads = new Map([[CHAIN, { seq: COUNT, hash: at(COUNT).hash }]]);
    expect(
      (
        await findings(rewritten, {
          heads,
          chains: new Map([[1, { name: CHAIN, seq: COUNT, hash: (rewritten.at(-1) as StoredEvent).hash }]]),
        })
      )[0],
    ).toMatchObject({
      seq: 200,
      problem: expect.stringContaining('what comes after event 150 was written anew'),
    });
  });

  test('a whole chain gone', async () => {
    expect(await findings([], { chains: new Map() })).toEqual([
      { chain: CHAIN, seq: 1, problem: 'the chain is missing, all 150 events of it' },
    ]);
  });

  test('a forged root', async () => {
    expect(await findings(honest, { roots: [...roots, 'forged'] })).toEqual([
      expect.objectContaining({ problem: expect.stringContaining('not signed') }),
    ]);
  });
});
