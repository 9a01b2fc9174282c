/**
 * The context of a launch: made by the hospital's own system for an EHR launch (`launch`), or chosen by the person.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
 */
import { randomBytes } from 'node:crypto';
import type { AuthorizationStore } from '../store/authorization.ts';
import { recordId } from './provider/record-id.ts';

/** What a token is about: told in the token response. Ids are logical ids. */
export interface LaunchContext {
  readonly patient?: string;
  readonly encounter?: string;
  readonly intent?: string;
  readonly needPatientBanner?: boolean;
  /** The hospital's system chose it. */
  readonly isLaunched?: boolean;
}

interface LaunchRequest extends LaunchContext {
  /** Only this app may use it. */
  readonly client?: string;
}

const MODEL = 'Launch';
const LAUNCH_MS = 5 * 60_000;

export interface Launches {
  /** A value for the parameter `launch`: works once, within five minutes. */
  create(request: LaunchRequest): Promise<{ readonly launch: string; readonly expiresAt: Date }>;
  /** What it stands for, for that app; undefined if it is unknown, used, expired or for another app. */
  find(launch: string, client: string): Promise<LaunchContext | undefined>;
  /** Uses it up: false if somebody was first. */
  use(launch: string): Promise<boolean>;
  /** Keeps the context of a grant as long as the grant. */
  keep(grantId: string, context: LaunchContext, expiresAt: Date): Promise<void>;
  ofGrant(grantId: string): Promise<LaunchContext>;
}

export function createLaunches(store: AuthorizationStore, now: () => number): Launches {
  return {
    async create(request) {
      const launch = randomBytes(24).toString('base64url');
      const expiresAt = new Date(now() + LAUNCH_MS);
      await store.put({ model: MODEL, id: recordId(MODEL, launch), payload: { ...request, isLaunched: true }, expiresAt });
      return { launch, expiresAt };
    },
    async find(launch, client) {
      const record = await store.find(MODEL, recordId(MODEL, launch));
      if (!record || record.consumedAt) return undefined;
      const { client: bound, ...context } = record.payload as LaunchRequest;
      return bound === undefined || bound === client ? context : undefined;
    },
    use: (launch) => store.consume(MODEL, recordId(MODEL, launch)),
    keep: (grantId, context, expiresAt) => store.put({ model: 'LaunchContext', id: grantId, grantId, payload: { ...context }, expiresAt }),
    ofGrant: async (grantId) => ((await store.find('LaunchContext', grantId))?.payload ?? {}) as LaunchContext,
  };
}
