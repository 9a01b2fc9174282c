/** Field-level encryption as what stores and indexes ask of it. */
import { createHmac } from 'node:crypto';
import type { ResourceVersion } from '../model/resource.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { FieldKey, FieldKeys } from './field-keys.ts';
import { type Protection, redacted, spansOf } from './protection.ts';
import { isSealed, openText, sealText } from './sealed-text.ts';

/** What is in a store that is not encrypted, among the names of keys. */
export const PLAIN = 'plain';

type Version = Pick<ResourceVersion, 'type' | 'id' | 'version' | 'raw'>;

export interface FieldEncryption {
  /** The name of the key that seals, or `PLAIN`. */
  readonly form: string;
  /** Every form that searches look for. */
  readonly searched: readonly string[];
  /** The text of a version as a store keeps it. The same for the same version, whenever it is made. */
  seal(version: Version): string;
  /** @throws FhirError 503 for a key that is not there, 500 for a text that was altered */
  open(version: Version): string;
  /** A text that is secret as a whole. `place` names it among all others. */
  sealWhole(place: string, text: string): string;
  openWhole(place: string, text: string): string;
  readonly identifiers: {
    readonly isHidden: boolean;
    stored(on: string, value: string): string;
    searched(on: string, value: string): readonly string[];
  };
  /** The resource as its index may see it. */
  redact(resource: object): object;
  /** The elements that `redact` may take away; undefined if it takes none. */
  readonly hidden: Protection['hidden'] | undefined;
}

interface FieldEncryptionOptions {
  readonly keys: FieldKeys;
  readonly protection: Protection;
  /** False: what is sealed is opened, and what is written stays plain. */
  readonly isOn: boolean;
  /** Whether searches look for plain values as well: what is stored has not all been encrypted. */
  readonly looksForPlain: boolean;
}

/** 128 bits: two values never have the same. */
const HASH_CHARACTERS = 22;
/** Begins a value that is hidden already; nothing that FHIR allows in a string does. */
const HIDDEN = '\u0001';

const blind = ({ index }: FieldKey, value: string) =>
  createHmac('sha256', index).update(value).digest('base64url').slice(0, HASH_CHARACTERS);

const placeOf = ({ type, id, version }: Version) => `${type}/${id}/_history/${version}`;

export function createFieldEncryption({ keys, protection, isOn, looksForPlain }: FieldEncryptionOptions): FieldEncryption {
  const { current, all } = keys;
  const hidden = (value: string) => HIDDEN + blind(current, value);
  const stored = (value: string) => (value.startsWith(HIDDEN) ? value.slice(HIDDEN.length) : blind(current, value));
  // In order, so that two gateways in the middle of a change have the same words for the same condition.
  const searched = (value: string) => [...all.map((key) => blind(key, value)), ...(looksForPlain || !isOn ? [value] : [])].sort();

  function seal(version: Version): string {
    const { raw } = version;
    if (!isOn || raw === '' || !protection.mayHold(raw)) return raw;
    const values = protection.valuesIn(JSON.parse(raw));
    const spans = values.size === 0 ? [] : spansOf(raw, values);
    return spans.length === 0 ? raw : sealText(current, placeOf(version), raw, spans);
  }

  return {
    form: isOn ? current.id : PLAIN,
    searched: [...all.map(({ id }) => id), ...(looksForPlain || !isOn ? [PLAIN] : [])],
    seal,
    open: (version) => (isSealed(version.raw) ? openText(keys, placeOf(version), version.raw) : version.raw),
    sealWhole: (place, text) => (isOn && text !== '' ? sealText(current, place, text, [[0, text.length]]) : text),
    openWhole: (place, text) => openText(keys, place, text),
    identifiers: {
      isHidden: true,
      // Audit events have no index of their own: their entries are made when they are read.
      stored: (on, value) => (isOn && !isServersOwn(on) ? stored(value) : value),
      searched: (on, value) => (isServersOwn(on) ? [value] : searched(value)),
    },
    redact: (resource) => (isOn ? redacted(resource, protection.valuesIn(resource), hidden) : resource),
    hidden: isOn ? protection.hidden : undefined,
  };
}
