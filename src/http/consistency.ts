/**
 * From which members a request reads, and the `Consistency-Token`: what a client sends back to read at least the state that
 * an earlier answer was of, through whichever gateway.
 *
 * The token holds how far each store had come, sealed so that nobody can make one.
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../interactions/route.ts';
import { invalidValue } from '../model/error.ts';
import type { ConsistentStore, ReadPreference, ReadTerms, ReadTermsInUse, StoreStates } from '../store/read-terms.ts';

/** By kind of interaction; what is not one of these reads from the primary. */
export type ReadPreferences = Readonly<Record<'read' | 'search' | 'history' | 'operation', ReadPreference>>;

interface ConsistencyOptions {
  readonly preferences: ReadPreferences;
  readonly terms: ReadTermsInUse;
  readonly stores: Readonly<Record<keyof StoreStates, ConsistentStore>>;
  /** The same on all gateways, at least 32 bytes. */
  readonly secret: Uint8Array;
}

/** Runs a request on its terms. */
interface OnTerms {
  /** What the client has seen already: its answer's token holds no less. */
  readonly shown: StoreStates | undefined;
  run<T>(work: () => Promise<T>): Promise<T>;
}

export interface Consistency {
  /** The token of the latest state that this gateway, or else the client, has seen; undefined before the first. */
  readonly token: (shown?: StoreStates) => string | undefined;
  /** Undefined for a request without a token that reads as usual. @throws FhirError 400 for a token that no gateway of this system made */
  termsOf(route: Pick<Route, 'interaction'>, headers: IncomingHttpHeaders, isReadingOperation: boolean | undefined): OnTerms | undefined;
}

const SEAL_BYTES = 16;
const NONE = new Uint8Array();
/** Longer ones can't be ours; refused before any work is done. */
const LONGEST_TOKEN = 512;

export function createConsistency({ preferences, terms, stores, secret }: ConsistencyOptions): Consistency {
  // As bytes the key would be made ready anew for each token, at five times the cost.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), 'meridian consistency token 2', 32)));
  const sealOf = (content: Uint8Array) => createHmac('sha256', key).update(content).digest().subarray(0, SEAL_BYTES);
  let last: (StoreStates & { readonly token: string }) | undefined;

  /** Sealed once for each state: many answers are of one. */
  function token(shown?: StoreStates): string | undefined {
    const clinical = latestOf(stores.clinical, shown?.clinical);
    const administrative = latestOf(stores.administrative, shown?.administrative);
    if (!clinical && !administrative) return undefined;
    if (last?.clinical !== clinical || last?.administrative !== administrative) {
      const content = contentOf({ clinical, administrative });
      last = { clinical, administrative, token: Buffer.concat([sealOf(content), content]).toString('base64url') };
    }
    return last?.token;
  }

  /** @throws FhirError 400 */
  function statesIn(text: string): StoreStates {
    const bytes = text.length <= LONGEST_TOKEN && /^[\w-]+$/.test(text) ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
    const content = bytes.subarray(SEAL_BYTES);
    if (content.length === 0 || !timingSafeEqual(sealOf(content), bytes.subarray(0, SEAL_BYTES)))
      throw invalidValue('the header Consistency-Token is not one that this server gave', 'http.Consistency-Token');
    return statesOf(content);
  }

  return {
    token,
    termsOf({ interaction }, headers, isReadingOperation) {
      const text = headers['consistency-token'];
      const shown = text === undefined ? undefined : statesIn(String(text));
      const kind = kindOf(interaction, isReadingOperation);
      const preference = kind && preferences[kind];
      if (!shown && (!preference || preference === 'primary')) return undefined;
      if (!preference) return { shown, run: (work) => work() };
      const own: Omit<ReadTerms, 'onEnd'> = { preference, ...(shown && { after: shown }) };
      return { shown, run: (work) => terms.run(own, work) };
    },
  };
}

/** A store that does not know what it has shown may have shown more than the client has seen before. */
function latestOf(store: ConsistentStore, shown: Uint8Array | undefined): Uint8Array | undefined {
  const own = store.latestState();
  return own && shown ? store.laterState(own, shown) : own;
}

/** One byte, the length of the administrative state; that state; the clinical one. */
const contentOf = ({ clinical = NONE, administrative = NONE }: StoreStates): Uint8Array =>
  Buffer.concat([Uint8Array.of(administrative.length), administrative, clinical]);

function statesOf(content: Uint8Array): StoreStates {
  const start = 1 + (content[0] ?? 0);
  const [administrative, clinical] = [content.subarray(1, start), content.subarray(start)];
  return { ...(administrative.length > 0 && { administrative }), ...(clinical.length > 0 && { clinical }) };
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
