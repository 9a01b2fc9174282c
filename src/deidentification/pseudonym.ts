/**
 * Ids that stand for others: the same for the same resource within a set, of no use without the key, and never alike between
 * sets.
 */
import { createHmac } from 'node:crypto';

/** No digits and no vowels: a pseudonym is no number and no name by chance. */
const LETTERS = 'bcdfghjklmnpqrstvwxz';
/** 20^30 is more than 2^128. */
const LENGTH = 30;

export type Pseudonymise = (type: string, id: string) => string;

/** @param set records of one set link; the key of a set can't be told from that of another */
export function createPseudonyms(key: Uint8Array, set: string): Pseudonymise {
  const setKey = createHmac('sha256', key).update('de-identification set ').update(set).digest();
  return (type, id) => {
    let rest = BigInt(`0x${createHmac('sha256', setKey).update(`${type}/${id}`).digest('hex')}`);
    let text = '';
    for (let at = 0; at < LENGTH; at++) {
      text += LETTERS[Number(rest % 20n)];
      rest /= 20n;
    }
    return text;
  };
}
