/**
 * What is to be beaten: HAPI FHIR 8.8 on PostgreSQL on a 2-core machine, its CPU (server and database) per request at 16
 * clients, its best rate, its median latency at one client; and by how much.
 */
import type { Phase } from './phases.ts';

interface Rival {
  readonly cpuMs: number;
  readonly perSecond: number;
  /** At one client. */
  readonly p50Ms?: number;
  /** How many times cheaper the gateway must be at 16 clients. */
  readonly target: number;
}

export const HAPI: Readonly<Partial<Record<Phase, Rival>>> = {
  load: { cpuMs: 1.6, perSecond: 1108, target: 4 },
  create: { cpuMs: 2.7, perSecond: 613, p50Ms: 2.6, target: 8 },
  read: { cpuMs: 1.03, perSecond: 1744, p50Ms: 1.1, target: 8 },
  update: { cpuMs: 2.5, perSecond: 685, p50Ms: 2.5, target: 6 },
  'search-family': { cpuMs: 4.8, perSecond: 385, target: 4 },
  'search-identifier': { cpuMs: 2.6, perSecond: 996, target: 4 },
  'search-observations': { cpuMs: 4.0, perSecond: 742, target: 4 },
  'search-encounters': { cpuMs: 2.5, perSecond: 820, target: 4 },
  'search-claims': { cpuMs: 2.7, perSecond: 772, target: 4 },
  'search-chain': { cpuMs: 5.4, perSecond: 273, target: 4 },
  'search-include': { cpuMs: 6.5, perSecond: 252, target: 4 },
  // The lower end of 10.4 to 14.8.
  everything: { cpuMs: 10.4, perSecond: 188, target: 4 },
};

/** How many times its rate at 16 clients the gateway must answer. */
export const TARGET_RATE = 3;

/** Times cheaper at one client, in every phase. */
export const TARGET_AT_ONE_CLIENT = 1.5;
