/** Sentences that a reader of the figures needs: what the cache is, and where the machine sets the limit. */
import { availableParallelism } from 'node:os';
import type { ScratchGround } from '../../store/scratch.ts';
import type { Figures, SizeOf } from './report.ts';

/** From this share on there is no processor left over. */
const SATURATED = 0.9;

export function processorNote(engine: string, figures: readonly Figures[]): readonly string[] {
  const full = figures.filter(({ busy }) => busy >= SATURATED);
  if (full.length === 0) return [];
  const atOnce = [...new Set(full.map(({ concurrency }) => concurrency))].join(', ');
  const used = full.map(({ perSecond, gatewayCpu, engineCpu = 0 }) => (perSecond * (gatewayCpu + engineCpu)) / 1000);
  const mean = used.reduce((sum, each) => sum + each, 0) / used.length;
  return [
    `${engine}: in ${full.length} of ${figures.length} measurements (concurrency ${atOnce}) the machine’s ${availableParallelism()} processors were at least ${100 * SATURATED} % busy, ${mean.toFixed(1)} of them with gateway and engine, the rest with routers and other work: there the processors set the limit, and members on one machine share them.`,
  ];
}

/** Beyond this share of its cache a MongoDB member begins to evict. */
const ROOM = 0.8;
const mb = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;

/** Whether the layouts were compared with equal cache in total, equal cache by member, or both. */
export async function cacheNote(ground: ScratchGround, sizes: readonly SizeOf[]): Promise<string> {
  const { engine, baseline } = ground;
  const { bytesPerMember, members, baselineMembers } = await ground.cache();
  if (!bytesPerMember) return `${engine} does not tell its cache: whether it was equal in total or by member is not known.`;
  if (members === baselineMembers)
    return `${engine}: one cache of ${mb(bytesPerMember)} for all layouts, equal in total and by member alike.`;
  const held = sizes.reduce((sum, { largestShareBytes }) => sum + largestShareBytes, 0);
  const spread = Math.max(...sizes.filter(({ layout }) => layout !== baseline.layout).map(({ largestShareBytes }) => largestShareBytes));
  const start = `${engine}: ${mb(bytesPerMember)} of cache by member, equal for each, so ${members} members have ${members} times the total of one. The fullest member holds ${mb(held)} of these records and their indexes.`;
  if (held < ROOM * bytesPerMember && spread < (ROOM * bytesPerMember) / members)
    return `${start} Even with equal total cache (${mb(bytesPerMember / members)} by member) every layout would fit, so the two ways of comparing can not be told apart at this size.`;
  return `${start} With equal total cache (${mb(bytesPerMember / members)} by member) they would not fit: the ratios are for equal cache by member. Equal total needs another start of the engines and was not measured.`;
}
