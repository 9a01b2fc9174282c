/**
 * From which members a request reads, and the `Consistency-Token`: what a client sends back to read at least the state that
 * an earlier answer was of, through whichever gateway.
 *
 * The token holds how far the clinical store had come, sealed so that nobody can make one. PostgreSQL needs none: its
 * replicas answer only when they have replayed all that the primary had when the request came.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../interactions/route.ts';
import { invalidValue } from '../model/error.ts';
import type { ReadPreference, ReadTerms, ReadTermsInUse } from '../store/read-terms.ts';

/** By kind of interaction; what is not one of these reads from the primary. */
export type ReadPreferences = Readonly<Record<'read' | 'search' | 'history' | 'operation', ReadPreference>>;

interface ConsistencyOptions {
  readonly preferences: ReadPreferences;
  readonly terms: ReadTermsInUse;
  readonly latestState: () => Uint8Array | undefined;
  /** The same on all gateways, at least 32 bytes. */
  readonly secret: Uint8Array;
}

/** Runs a request on its terms. */
interface OnTerms {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export interface Consistency {
  /** The token of the latest state that this gateway has seen; undefined before the first. */
  readonly token: () => string | undefined;
  /** Undefined for a request that reads as usual. @throws FhirError 400 for a token that no gateway of this system made */
  termsOf(route: Pick<Route, 'interaction'>, headers: IncomingHttpHeaders, isReadingOperation: boolean | undefined): OnTerms | undefined;
}

const SEAL_BYTES = 16;
/** Longer ones can't be ours; refused before any work is done. */
const LONGEST_TOKEN = 512;

export function createConsistency({ preferences, terms, latestState, secret }: ConsistencyOptions): Consistency {
  // As bytes the key would be made ready anew for each token, at five times the cost.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), 'meridian consistency token 1', 32)));
  const sealOf = (state: Uint8Array) => createHmac('sha256', key).update(state).digest().subarray(0, SEAL_BYTES);
  let last: { readonly state: Uint8Array; readonly token: string } | undefined;

  /** Sealed once for each state: many answers are of one. */
  function token(): string | undefined {
    const state = latestState();
    if (!state) return undefined;
    if (last?.state !== state) last = { state, token: Buffer.concat([sealOf(state), state]).toString('base64url') };
    return last.token;
  }

  /** @throws FhirError 400 */
  function stateIn(text: string): Uint8Array {
    const bytes = text.length <= LONGEST_TOKEN && /^[\w-]+$/.test(text) ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
    const state = bytes.subarray(SEAL_BYTES);
    if (state.length === 0 || !timingSafeEqual(sealOf(state), bytes.subarray(0, SEAL_BYTES)))
      throw invalidValue('the header Consistency-Token is not one that this server gave', 'http.Consistency-Token');
    return state;
  }

  return {
    token,
    termsOf({ interaction }, headers, isReadingOperation) {
      const text = headers['consistency-token'];
      const after = text === undefined ? undefined : stateIn(String(text));
      const kind = kindOf(interaction, isReadingOperation);
      if (!kind) return undefined;
      const preference = preferences[kind];
      if (preference === 'primary' && !after) return undefined;
      const own: Omit<ReadTerms, 'onEnd'> = { preference, ...(after && { after }) };
      return { run: (work) => terms.run(own, work) };
    },
  };
}

/** Writes and Bundles, which may write, have none. */
function kindOf(interaction: Route['interaction'], isReadingOperation: boolean | undefined): keyof ReadPreferences | undefined {
  switch (interaction) {
    case 'read':
    case 'vread':
      return 'read';
    case 'search-type':
    case 'search-system':
      return 'search';
    case 'history-instance':
    case 'history-type':
    case 'history-system':
      return 'history';
    case 'operation':
      return isReadingOperation ? 'operation' : undefined;
    default:
      return undefined;
  }
}
