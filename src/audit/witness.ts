/**
 * What a gateway remembers of its chain outside the database, beside its queue: how far it is, and every signed root.
 * Whoever cuts the chain's end off in the database, or writes it anew, can't change this too.
 */
import { appendFileSync, closeSync, existsSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ChainHead } from './chain.ts';

export interface Witness {
  /** The chain's name, made when the folder was first used; undefined if there is none yet. */
  readonly chain: string | undefined;
  readonly head: ChainHead | undefined;
  /** Begins to remember another chain. */
  begin(chain: string): void;
  /** Costs one small write; not brought to the disk at once. */
  remember(head: ChainHead): void;
  rememberRoot(signed: string): void;
  close(): void;
}

const CHAIN_NAME = /^[0-9A-Z]{26}$/;
const CURRENT = 'chain';
const headFile = (chain: string) => `${chain}.head`;
const rootsFile = (chain: string) => `${chain}.roots`;
/** Of the head's line, so that a shorter one covers a longer one. */
const HEAD_LENGTH = 96;

/** Opens what is remembered in a folder that is there. */
export function openWitness(folder: string): Witness {
  const current = readIfThere(join(folder, CURRENT))?.trim();
  let chain = current !== undefined && CHAIN_NAME.test(current) ? current : undefined;
  const head = chain === undefined ? undefined : headIn(folder, chain);
  let open: number | undefined;
  return {
    get chain() {
      return chain;
    },
    head,
    begin(name) {
      if (open !== undefined) closeSync(open);
      chain = name;
      const file = openSync(join(folder, CURRENT), 'w', 0o600);
      writeSync(file, `${name}\n`);
      closeSync(file);
      open = openSync(join(folder, headFile(name)), existsSync(join(folder, headFile(name))) ? 'r+' : 'w+', 0o600);
    },
    remember({ seq, hash }) {
      if (open !== undefined) writeSync(open, `${`${seq} ${hash}`.padEnd(HEAD_LENGTH)}\n`, 0);
    },
    rememberRoot(signed) {
      if (chain !== undefined) appendFileSync(join(folder, rootsFile(chain)), `${signed}\n`, { mode: 0o600, flush: true });
    },
    close() {
      if (open !== undefined) closeSync(open);
      open = undefined;
    },
  };
}

/** What a folder remembers of every chain that was ever kept there. */
interface Remembered {
  readonly heads: ReadonlyMap<string, ChainHead>;
  readonly roots: readonly string[];
}

export function readWitness(folder: string): Remembered {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const chains = names.filter((name) => name.endsWith('.head')).map((name) => name.slice(0, -'.head'.length));
  const heads = chains.flatMap((chain) => {
    const head = headIn(folder, chain);
    return head ? [[chain, head] as const] : [];
  });
  const roots = names.filter((name) => name.endsWith('.roots')).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return { heads: new Map(heads), roots: roots.filter((line) => line !== '') };
}

function headIn(folder: string, chain: string): ChainHead | undefined {
  const [seq, hash] = (readIfThere(join(folder, headFile(chain))) ?? '').trim().split(' ');
  return hash === undefined ? undefined : { seq: Number(seq), hash };
}

const readIfThere = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
