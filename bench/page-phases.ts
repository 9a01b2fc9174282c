/** The phases that ask for one page of everything by date: the first, and one far behind it. */
import type { Client } from './client.ts';
import type { Operation } from './measure.ts';
import { expectContent, expectStatus, type Scene } from './scene.ts';

export const PAGE_PHASES = ['page-first', 'page-far'] as const;
type PagePhase = (typeof PAGE_PHASES)[number];

export const isPagePhase = (phase: string): phase is PagePhase => (PAGE_PHASES as readonly string[]).includes(phase);

const PAGE_SIZE = 100;
const FIRST = `/Observation?_sort=-date&_count=${PAGE_SIZE}`;
/** The page that is far, if there are as many; and the size of steps on the way. */
const FAR = 1_000;
const STEP = 1_000;

/** A page that is far from the first. */
export interface FarPage {
  /** 1 is the first. */
  readonly number: number;
  readonly path: string;
}

/** Page 1,000, or the last full one. A token is good for any page size, so the way there is in larger steps. */
export async function findFarPage(client: Client): Promise<FarPage> {
  let far: FarPage = { number: 1, path: FIRST };
  let next: string | undefined = `/Observation?_sort=-date&_count=${STEP}`;
  while (next !== undefined && far.number < FAR) {
    const answer = await client.send({ method: 'GET', path: next });
    expectStatus(answer, 200);
    next = nextOf(answer.text);
    const number = far.number + STEP / PAGE_SIZE;
    if (next !== undefined) far = { number, path: next.replace(`_count=${STEP}`, `_count=${PAGE_SIZE}`) };
  }
  return far;
}

interface Linked {
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

function nextOf(text: string): string | undefined {
  const { link } = JSON.parse(text) as Linked;
  const url = link.find(({ relation }) => relation === 'next')?.url;
  return url?.slice(url.indexOf('/Observation'));
}

export function preparePage(phase: PagePhase, { client, farPage }: Pick<Scene, 'client' | 'farPage'>): Operation {
  const path = phase === 'page-first' ? FIRST : (farPage?.path ?? FIRST);
  return async () => {
    const answer = await client.send({ method: 'GET', path });
    expectStatus(answer, 200);
    expectContent(answer, '"searchset"');
    return 1;
  };
}
